/**
 * Invalidates a key again and again in one of four processes, with refreshes in flight,
 * and reads it from all of them: prints how often the old value was served, and exits
 * with 1 where it was.
 *
 * Usage: bun bench/invalidation.ts [trials], 1000 by default
 *
 * @module
 */
import { adminToken } from "../test/end-to-end/client.ts";
import { runInvalidations } from "../test/end-to-end/invalidation.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const trials = Number(process.argv[2] ?? 1_000);
await using folder = await temporaryFolder();

const startedAt = performance.now();
const result = await runInvalidations(
  { UC_DATA_DIR: folder.path, UC_ADMIN_TOKEN: adminToken },
  trials,
);
const seconds = (performance.now() - startedAt) / 1_000;

console.table({
  trials: result.trials,
  "with a call in flight": result.inFlight,
  "old values served": result.violations,
  "current values served": result.current,
  seconds: Math.round(seconds),
});
process.exitCode = result.violations === 0 ? 0 : 1;
