/**
 * Trials of invalidation: entries warm in the memory of every process, refreshes in
 * flight, one process told to invalidate; then every process is read.
 *
 * @module
 */
import { countingUpstream } from "../support/counting-upstream.ts";
import { type Client, clientOf, until } from "./client.ts";
import { type Environment, startApi } from "./processes.ts";

export interface TrialResult {
  readonly trials: number;
  /** Reads after the answer that gave what the upstream said before. */
  readonly violations: number;
  /** Trials in which a call that began before was answered after. */
  readonly inFlight: number;
  /** Reads after the answer that gave what the upstream says now. */
  readonly current: number;
}

/** How many keys are tried side by side. */
const LANES = 8;

/**
 * Four processes. The upstream counts up with each trial of a key and answers late, so
 * that what it says tells whether its call began before the invalidation.
 */
export async function runInvalidations(
  environment: Environment,
  trials: number,
): Promise<TrialResult> {
  await using upstream = await countingUpstream();
  const versions = new Map<string, number>();
  const answered = new Map<string, number>();
  upstream.answer((request, response) => {
    const key = request.url ?? "";
    const n = versions.get(key) ?? 0;
    const lateMillis = (n * 7) % 30;
    setTimeout(() => {
      answered.set(key, n);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ n }));
    }, lateMillis);
  });
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

  const totals = { violations: 0, inFlight: 0, current: 0 };
  let begun = 0;
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    for (let trial = 0; begun < trials; trial++) {
      begun += 1;
      const result = await runTrial({
        clients,
        versions,
        answered,
        key: `/key/${lane}`,
        trial,
      });
      totals.violations += result.violations;
      totals.inFlight += result.inFlight ? 1 : 0;
      totals.current += result.current;
    }
  });
  await Promise.all(lanes);
  return { trials: begun, ...totals };
}

interface Trial {
  readonly clients: readonly Client[];
  readonly versions: Map<string, number>;
  readonly answered: ReadonlyMap<string, number>;
  readonly key: string;
  readonly trial: number;
}

async function runTrial({ clients, versions, answered, key, trial }: Trial) {
  const [before, after] = [2 * trial, 2 * trial + 1];
  const clientAt = (index: number) => clients[index % clients.length] as Client;
  versions.set(key, before);
  // Warm in every process, with what the upstream says until now.
  await clientAt(trial).read("trial", key, { "X-UC-Wait": "1" });
  await Promise.all(clients.map((client) => client.read("trial", key)));

  const path = `/api/v1/cache/trial/${encodeURIComponent(key)}`;
  const refresh = await clientAt(trial + 1).send("POST", `${path}/refresh`, {});
  await refresh.arrayBuffer();
  // Some are cut off before their call, some in the middle, some behind it.
  await new Promise((resolve) => setTimeout(resolve, (trial * 11) % 40));
  const wasAnswered = answered.get(key) === before;
  versions.set(key, after);
  const invalidate = await clientAt(trial + 2).send("POST", `${path}/invalidate`, {});
  await invalidate.arrayBuffer();
  if (invalidate.status !== 204) throw new Error(`Not invalidated: ${invalidate.status}`);

  const reads = await Promise.all([
    ...clients.map((client) => client.read("trial", key, { "X-UC-Cache-Only": "1" })),
    ...clients.map((client) => client.read("trial", key, { "X-UC-Wait": "1" })),
    ...clients.map((client) => client.read("trial", key)),
  ]);
  const values = reads.flatMap(({ status, body }) =>
    status === 200 ? [body.data.n] : [],
  );
  return {
    violations: values.filter((n) => n < after).length,
    current: values.filter((n) => n === after).length,
    inFlight: !wasAnswered || answered.get(key) === before,
  };
}
