/**
 * 500 keys read at once from a source of five calls a minute, worked off by two APIs and
 * two workers: prints what the upstream counted, and exits with 1 where that breaks the
 * quota, its use, or the order of the queue.
 *
 * Usage: bun bench/quota-burst.ts [seconds], 130 by default
 *
 * @module
 */
import { adminToken } from "../test/end-to-end/client.ts";
import { connectTo } from "../test/end-to-end/embedded-server.ts";
import { runBurst } from "../test/end-to-end/quota-burst.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const seconds = Number(process.argv[2] ?? 130);
const allowed = 5;
await using folder = await temporaryFolder();

const result = await runBurst(
  { UC_DATA_DIR: folder.path, UC_ADMIN_TOKEN: adminToken },
  () => connectTo(folder.path),
  {
    rateLimit: { per_minute: allowed },
    allowed,
    windowMillis: 60_000,
    slackMillis: 250,
    keys: 500,
    seconds,
  },
);

console.table({
  "keys queued": result.queued,
  calls: result.calls,
  "most in any 60.0 s": result.mostInWindow,
  "in each minute": result.perWindow.join(", "),
  "calls lost while this machine stood still": result.lost,
  "keys called twice": result.repeated,
  "pairs out of order": result.orderViolations,
  "longest stall of the counter": `${result.stallMillis.toFixed(0)} ms`,
});
const kept =
  result.mostInWindow <= allowed &&
  result.perWindow.every((calls) => calls + result.lost >= allowed) &&
  result.repeated === 0 &&
  result.orderViolations === 0;
process.exitCode = kept ? 0 : 1;
