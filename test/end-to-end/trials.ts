/**
 * What trials of taking answers away share: an upstream whose answers tell when their calls
 * began, lanes that run side by side, and the judgement of what is read afterwards.
 *
 * @module
 */
import { countingUpstream } from "../support/counting-upstream.ts";
import { type Client, type ReadAnswer } from "./client.ts";

export interface TrialResult {
  readonly trials: number;
  /** Reads after the answer that gave what the upstream said before. */
  readonly violations: number;
  /** Trials in which a call that began before was answered after. */
  readonly inFlight: number;
  /** Reads after the answer that gave what the upstream says now. */
  readonly current: number;
  /**
   * Trials that are not judged: a process had not heard of it when the others answered for
   * all, as happens where this machine stops for a second.
   */
  readonly unreached: number;
}

/** What such a trial counts. */
export const NOT_JUDGED = { violations: 0, inFlight: 0, current: 0, unreached: 1 };

export interface Place {
  readonly source: string;
  readonly key: string;
}

/** Answers late, so that calls are under way when something happens. */
export interface TellingUpstream extends AsyncDisposable {
  readonly url: string;
  /** Calls for `key` that begin from now on are answered `{"n": n}`. */
  tell(key: string, n: number): void;
  /** What was answered last for `key`. */
  told(key: string): number | undefined;
}

export async function tellingUpstream(): Promise<TellingUpstream> {
  const upstream = await countingUpstream();
  const current = new Map<string, number>();
  const told = new Map<string, number>();
  upstream.answer((request, response) => {
    const key = request.url ?? "";
    const n = current.get(key) ?? 0;
    const lateMillis = (n * 7) % 30;
    setTimeout(() => {
      told.set(key, n);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ n }));
    }, lateMillis);
  });
  return {
    url: upstream.url,
    tell: (key, n) => void current.set(key, n),
    told: (key) => told.get(key),
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
}

/**
 * Runs `trials` in all, those of a lane one after the other, and adds up what they count.
 * `trial` is its number within the lane.
 */
export async function runLanes<Lane, Name extends string>(
  lanes: readonly Lane[],
  trials: number,
  run: (lane: Lane, trial: number) => Promise<Readonly<Record<Name, number>>>,
): Promise<Record<Name | "trials", number>> {
  const totals: Record<string, number> = { trials: 0 };
  const add = (name: string, by: number) => (totals[name] = (totals[name] ?? 0) + by);
  await Promise.all(
    lanes.map(async (lane) => {
      for (let trial = 0; (totals["trials"] ?? 0) < trials; trial++) {
        add("trials", 1);
        const counts = Object.entries<number>(await run(lane, trial));
        for (const [name, by] of counts) add(name, by);
      }
    }),
  );
  // Safe because every trial counts all of them.
  return totals as Record<Name | "trials", number>;
}

/** Asks for a refresh of what is at `place`, and leaves it running. */
export async function startRefresh(client: Client, { source, key }: Place) {
  const path = `/api/v1/cache/${source}/${encodeURIComponent(key)}/refresh`;
  await (await client.send("POST", path, undefined)).arrayBuffer();
}

/** A while that differs from trial to trial: calls are cut off before, in the middle, behind. */
export const pauseIn = (trial: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, (trial * 11) % 40));

/** Of answers to reads after the upstream began to say `now`, of which all have heard. */
export function judge(reads: readonly ReadAnswer[], now: number) {
  const values = reads.flatMap(({ status, body }) =>
    status === 200 ? [body.data.n] : [],
  );
  return {
    violations: values.filter((n) => n < now).length,
    current: values.filter((n) => n === now).length,
    unreached: 0,
  };
}
