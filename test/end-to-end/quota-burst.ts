/**
 * A burst of reads that no quota allows at once: several processes on one database work it
 * off, and the upstream counts.
 *
 * @module
 */
import type postgres from "postgres";
import { countingUpstream, json } from "../support/counting-upstream.ts";
import {
  type Arrival,
  logArrivals,
  mostWithin,
  orderViolations,
  perWindow,
} from "./arrivals.ts";
import { clientOf, until } from "./client.ts";
import { type Environment, startApi, startWorker } from "./processes.ts";

export interface Burst {
  readonly rateLimit: { readonly per_minute: number; readonly per_second?: number };
  /** The calls that are allowed in any `windowMillis`. */
  readonly allowed: number;
  readonly windowMillis: number;
  /** How late after its claim a call may reach the upstream. */
  readonly slackMillis: number;
  readonly keys: number;
  /** How long to count, once all keys were read. */
  readonly seconds: number;
}

export interface BurstResult {
  readonly queued: number;
  readonly calls: number;
  /** Keys that were called more than once. */
  readonly repeated: number;
  readonly mostInWindow: number;
  /** In each whole window since the first call. */
  readonly perWindow: readonly number[];
  /** The share of what is allowed that is called in the usual (median) stretch of time. */
  readonly used: number;
  /** Calls that were spent and not made, because this machine stood still meanwhile. */
  readonly lost: number;
  readonly orderViolations: number;
  readonly stallMillis: number;
}

/** A busy machine may stop a sender between its last look at the permit and the write. */
const SENDER_STALL_MILLIS = 20;
/** How many read at once. */
const READERS = 50;

/** Two API processes and two workers, each of the four collecting. */
export async function runBurst(
  environment: Environment,
  connect: () => postgres.Sql,
  burst: Burst,
): Promise<BurstResult> {
  await using upstream = await countingUpstream();
  using log = logArrivals(upstream, json({ answer: 42 }));
  await using first = await startApi(environment);
  await using second = await startApi(environment);
  await using one = await startWorker(environment);
  await using two = await startWorker(environment);
  const clients = [clientOf(first), clientOf(second)];
  await clients[0]?.createSource("burst", upstream.url, { rate_limit: burst.rateLimit });
  await until(
    // What a process knows of the source, and not what is stored.
    () => clients[1]?.status("/api/v1/rate-limit/burst"),
    (status) => status === 200,
  );

  const keys = Array.from({ length: burst.keys }, (_, index) => `/key/${index}`);
  let queued = 0;
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    for (let key = keys.shift(); key !== undefined; key = keys.shift()) {
      const answer = await clients[reader % 2]?.read("burst", key);
      if (answer?.status === 202) queued += 1;
    }
  });
  await Promise.all(readers);
  const countedFrom = performance.now();
  const countedUntil = countedFrom + burst.seconds * 1_000;
  await new Promise((resolve) => setTimeout(resolve, countedUntil - performance.now()));
  const arrivals = log.arrivals.filter(({ at }) => at < countedUntil);
  const sql = connect();
  const rows = await sql<{ key: string; place: string }[]>`
    select key, min(place) as place from tasks where source_id = 'burst' group by key`;
  await sql.end({ timeout: 1 });
  const processes = [first, second, one, two];
  await Promise.all(processes.map((running) => running.stop()));

  const { windowMillis } = burst;
  const stallMillis = log.stallMillis();
  const windows = Math.floor((burst.seconds * 1_000) / windowMillis);
  const lost = processes.reduce((sum, { output }) => sum + callsLost(output()), 0);
  // The task of a lost call waits for a later window, where it is first again.
  const togetherMillis =
    burst.slackMillis + stallMillis + (lost > 0 ? 2.5 * windowMillis : 0);
  const places = new Map(rows.map(({ key, place }) => [key, Number(place)]));
  return {
    queued,
    calls: arrivals.length,
    repeated: arrivals.length - new Set(arrivals.map(({ target }) => target)).size,
    mostInWindow: mostWithin(arrivals, windowMillis - stallMillis - SENDER_STALL_MILLIS),
    perWindow: perWindow(arrivals, windowMillis, windows),
    used: shareUsed(arrivals, burst),
    lost,
    orderViolations: orderViolations(arrivals, places, togetherMillis),
    stallMillis,
  };
}

/** By the median time that as many calls take as a window allows. */
function shareUsed(
  arrivals: readonly Arrival[],
  { allowed, windowMillis }: Burst,
): number {
  const stretches = arrivals
    .slice(allowed)
    .map(({ at }, index) => at - (arrivals[index]?.at ?? at))
    .toSorted((a, b) => a - b);
  return windowMillis / (stretches[stretches.length >> 1] ?? Infinity);
}

function callsLost(output: string): number {
  const lines = output.matchAll(/Lost (\d+) calls of source/g);
  return Array.from(lines).reduce((sum, [, calls]) => sum + Number(calls), 0);
}
