/**
 * Kills every process of a collecting service at once, PostgreSQL included, starts it
 * again, and looks what is left: round after round on the same data folder. Prints a line
 * per round, and exits with 1 where an entry or a task was lost or the quota was broken.
 *
 * Usage: bun bench/crash-recovery.ts [rounds], 5 by default
 *
 * @module
 */
import { logArrivals } from "../test/end-to-end/arrivals.ts";
import {
  CALLS_PER_SECOND,
  makeSource,
  type RoundResult,
  runRound,
} from "../test/end-to-end/crash-recovery.ts";
import { slowly } from "../test/end-to-end/slowly.ts";
import { countingUpstream } from "../test/support/counting-upstream.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A lease of 30 s, a look every second, and a start under load. */
const RECOVERED_SECONDS = 40;
const KEYS = 60;

const rounds = Number(process.argv[2] ?? 5);
await using folder = await temporaryFolder();
await using upstream = await countingUpstream();
using log = logArrivals(upstream, slowly);
const place = { dataDir: folder.path, upstream, log };
await makeSource(place);

const results: RoundResult[] = [];
for (let number = 1; number <= rounds; number++) {
  const callsBefore = 5 + Math.floor(Math.random() * (KEYS - 20));
  results.push(
    await runRound({ ...place, number, keys: KEYS, callsBefore, endLeases: false }),
  );
}

console.table(
  results.map((result) => ({
    "hits before": result.hitsBefore,
    lost: result.lost,
    "running at kill": result.runningAtKill,
    stuck: result.stuck,
    "all done after s": Number(result.recoveredSeconds.toFixed(1)),
    [`calls for ${KEYS} keys`]: result.calls,
    "most in any second": result.mostInSecond,
  })),
);
const sound = results.every(
  ({ lost, stuck, recoveredSeconds, mostInSecond }) =>
    lost === 0 &&
    stuck === 0 &&
    recoveredSeconds < RECOVERED_SECONDS &&
    mostInSecond <= CALLS_PER_SECOND,
);
process.exitCode = sound ? 0 : 1;
