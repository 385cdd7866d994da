/**
 * Clears what is cached about users, instances and types of database again and again in
 * one of three processes, with refreshes in flight, and reads it from all of them: prints
 * how often an old value was served, and exits with 1 where it was.
 *
 * Usage: bun bench/clearing.ts [trials], 1000 by default
 *
 * @module
 */
import { runClears } from "../test/end-to-end/clearing.ts";
import { adminToken } from "../test/end-to-end/client.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const trials = Number(process.argv[2] ?? 1_000);
await using folder = await temporaryFolder();

const startedAt = performance.now();
const result = await runClears(
  { UC_DATA_DIR: folder.path, UC_ADMIN_TOKEN: adminToken },
  trials,
);
const seconds = (performance.now() - startedAt) / 1_000;

console.table({
  trials: result.trials,
  "with a call in flight": result.inFlight,
  "old values served": result.violations,
  "more cleared than there was": result.miscounted,
  "current values served": result.current,
  seconds: Math.round(seconds),
});
process.exitCode = result.violations + result.miscounted === 0 ? 0 : 1;
