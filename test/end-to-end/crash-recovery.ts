/**
 * One round of the worst that can happen to a service that is collecting: every process
 * of it, PostgreSQL included, is killed at once, and it is started again.
 *
 * @module
 */
import type { CountingUpstream } from "../support/counting-upstream.ts";
import { type ArrivalLog, mostWithin } from "./arrivals.ts";
import { adminToken, type Client, clientOf, until } from "./client.ts";
import { connectTo, killServer } from "./embedded-server.ts";
import { startApi, startWorker } from "./processes.ts";

export interface Round {
  readonly dataDir: string;
  readonly upstream: CountingUpstream;
  readonly log: ArrivalLog;
  /** Names the round's keys. */
  readonly number: number;
  readonly keys: number;
  /** How many calls the upstream gets before the kill. */
  readonly callsBefore: number;
  /** Ends the leases of the dead at once instead of waiting for it. */
  readonly endLeases: boolean;
}

export interface RoundResult {
  /** Entries that were read as HIT before the kill. */
  readonly hitsBefore: number;
  /** Those of them that read otherwise, or differ, afterwards. */
  readonly lost: number;
  readonly runningAtKill: number;
  /** Tasks that did not succeed in the end. */
  readonly stuck: number;
  /** From the restart until the last task had ended. */
  readonly recoveredSeconds: number;
  readonly calls: number;
  readonly mostInSecond: number;
}

export const CALLS_PER_SECOND = 10;

/** The source of all rounds, to be made once. */
export async function makeSource(round: Pick<Round, "dataDir" | "upstream">) {
  await using api = await startApi(environmentOf(round.dataDir));
  const rate_limit = { per_minute: 600, per_second: CALLS_PER_SECOND };
  await clientOf(api).createSource("crash", round.upstream.url, { rate_limit });
}

const environmentOf = (dataDir: string) => ({
  UC_DATA_DIR: dataDir,
  UC_ADMIN_TOKEN: adminToken,
});

export async function runRound(round: Round): Promise<RoundResult> {
  const { dataDir, upstream, log } = round;
  const environment = environmentOf(dataDir);
  const calledBefore = log.arrivals.length;
  await using api = await startApi(environment);
  await using worker = await startWorker(environment);
  const client = clientOf(api);
  const keys = Array.from({ length: round.keys }, (_, n) => `/${round.number}/${n}`);
  for (const key of keys) await client.read("crash", key);
  await upstream.called(calledBefore + round.callsBefore);
  const before = await hitsAmong(client, keys);

  await Promise.all([api.kill(), worker.kill(), killServer(dataDir)]);
  const restartedAt = performance.now();

  await using nextApi = await startApi({ ...environment, UC_WORKER: "off" });
  const next = clientOf(nextApi);
  const after = await hitsAmong(next, [...before.keys()]);
  const sql = connectTo(dataDir);
  const running = await sql`select id from tasks where state = 'running'`;
  if (round.endLeases) {
    await sql`update tasks set lease_until = 0 where state = 'running'`;
  }
  await using nextWorker = await startWorker(environment);
  const unfinished = () =>
    sql<{ state: string }[]>`select state from tasks where state <> 'succeeded'`;
  const left = await until(unfinished, (rows) => rows.length === 0, 60_000).catch(
    unfinished,
  );
  const recoveredSeconds = (performance.now() - restartedAt) / 1_000;
  await sql.end({ timeout: 1 });
  await nextWorker.stop();
  await nextApi.stop();

  return {
    hitsBefore: before.size,
    lost: [...before].filter(([key, etag]) => after.get(key) !== etag).length,
    runningAtKill: running.length,
    stuck: left.length,
    recoveredSeconds,
    calls: log.arrivals.length - calledBefore,
    mostInSecond: mostWithin(log.arrivals, 1_000 - log.stallMillis()),
  };
}

/** The keys that read as HIT, with their entity tags. */
async function hitsAmong(client: Client, keys: readonly string[]) {
  const hits = new Map<string, string>();
  for (const key of keys) {
    const { cache, etag = "" } = await client.read("crash", key, {
      "X-UC-Cache-Only": "1",
    });
    if (cache === "HIT") hits.set(key, etag);
  }
  return hits;
}
