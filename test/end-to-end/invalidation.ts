/**
 * Trials of invalidation: entries warm in the memory of every process, refreshes in
 * flight, one process told to invalidate; then every process is read.
 *
 * @module
 */
import { type Client, clientOf, until } from "./client.ts";
import { type Environment, startApi } from "./processes.ts";
import {
  judge,
  NOT_JUDGED,
  pauseIn,
  runLanes,
  startRefresh,
  type TellingUpstream,
  tellingUpstream,
  type TrialResult,
} from "./trials.ts";

/** How many keys are tried side by side. */
const LANES = 8;

/**
 * Four processes. The upstream counts up with each trial of a key, so that what it says
 * tells whether its call began before the invalidation.
 */
export async function runInvalidations(
  environment: Environment,
  trials: number,
): Promise<TrialResult> {
  await using upstream = await tellingUpstream();
  await using first = await startApi(environment);
  await using second = await startApi(environment);
  await using third = await startApi(environment);
  await using fourth = await startApi(environment);
  const clients = [first, second, third, fourth].map((api) => clientOf(api));
  await clients[0]?.createSource("trial", upstream.url, {
    rate_limit: { per_minute: 1_000_000 },
  });
  for (const client of clients) {
    await until(
      () => client.status("/api/v1/sources/trial"),
      (status) => status === 200,
    );
  }

  const lanes = Array.from({ length: LANES }, (_, lane) => `/key/${lane}`);
  return await runLanes(lanes, trials, (key, trial) =>
    runTrial({ clients, upstream, key, trial }),
  );
}

interface Trial {
  readonly clients: readonly Client[];
  readonly upstream: TellingUpstream;
  readonly key: string;
  readonly trial: number;
}

async function runTrial({ clients, upstream, key, trial }: Trial) {
  const [before, after] = [2 * trial, 2 * trial + 1];
  const clientAt = (index: number) => clients[index % clients.length] as Client;
  const readAll = (headers: Record<string, string>) =>
    clients.map((client) => client.read("trial", key, headers));
  upstream.tell(key, before);
  // Warm in every process, with what the upstream says until now.
  await clientAt(trial).read("trial", key, { "X-UC-Wait": "1" });
  await Promise.all(readAll({}));

  await startRefresh(clientAt(trial + 1), { source: "trial", key });
  await pauseIn(trial);
  const wasAnswered = upstream.told(key) === before;
  upstream.tell(key, after);
  const path = `/api/v1/cache/trial/${encodeURIComponent(key)}/invalidate`;
  const invalidate = await clientAt(trial + 2).send("POST", path, undefined);
  await invalidate.arrayBuffer();
  if (invalidate.status !== 204) throw new Error(`Not invalidated: ${invalidate.status}`);
  if (invalidate.headers.has("x-uc-unreached-processes")) return NOT_JUDGED;

  const reads = await Promise.all([
    ...readAll({ "X-UC-Cache-Only": "1" }),
    ...readAll({ "X-UC-Wait": "1" }),
    ...readAll({}),
  ]);
  const inFlight = !wasAnswered || upstream.told(key) === before;
  return { ...judge(reads, after), inFlight: inFlight ? 1 : 0 };
}
