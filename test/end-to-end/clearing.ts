/**
 * Trials of the clear actions: entries about instances warm in the memory of three
 * processes, refreshes in flight, one process told to clear; then every process is read.
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
  /** Entries that a clear of something else took along, or that one did not count. */
  readonly miscounted: number;
}

/** Each has an instance of its own. */
const LANES = 6;
const USER = "Ada";
const TYPES = ["mysql", "postgresql", "sqlserver", "oracle"];

interface Action {
  readonly path: string;
  readonly body: object | undefined;
  /** The entries of the lane that it clears; a rule only where no other lane clears it. */
  readonly clears: readonly Place[];
}

interface Place {
  readonly source: string;
  readonly key: string;
}

/** What is read of one lane. */
interface Lane {
  /** Of its instance. */
  readonly id: number;
  readonly actions: readonly Action[];
}

/**
 * Three processes. The upstream counts up with each trial of a key and answers late, so
 * that what it says tells whether its call began before the clear.
 */
export async function runClears(
  environment: Environment,
  trials: number,
): Promise<TrialResult> {
  await using upstream = await countingUpstream();
  const versions = new Map<string, number>();
  const answered = new Map<string, number>();
  upstream.answer((request, response) => {
    const key = request.url ?? "";
    const n = versions.get(key) ?? 0;
    setTimeout(
      () => {
        answered.set(key, n);
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify({ n }));
      },
      (n * 7) % 30,
    );
  });
  await using first = await startApi(environment);
  await using second = await startApi(environment);
  await using third = await startApi(environment);
  const clients = [first, second, third].map((api) => clientOf(api));
  const lanes = await prepare(clients, upstream.url);

  const totals = { violations: 0, inFlight: 0, current: 0, miscounted: 0 };
  let begun = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      for (let trial = 0; begun < trials; trial++) {
        begun += 1;
        const result = await runTrial({ clients, versions, answered, lane, trial });
        totals.violations += result.violations;
        totals.inFlight += result.inFlight ? 1 : 0;
        totals.current += result.current;
        totals.miscounted += result.miscounted;
      }
    }),
  );
  return { trials: begun, ...totals };
}

async function prepare(clients: readonly Client[], url: string): Promise<Lane[]> {
  const [client] = clients;
  if (client === undefined) throw new Error("Expected a process");
  const rate_limit = { per_minute: 1_000_000 };
  await client.createSource("accounts", url, {
    rate_limit,
    key_template: "/instances/{{instance_id}}/accounts/{{username}}",
  });
  await client.createSource("grants", url, {
    rate_limit,
    key_template: "/grants/{{instance_id}}/{{username}}",
    key_case: "lower",
  });
  await client.createSource("rules", url, {
    rate_limit,
    key_template: "/rules/{{lane}}/{{db_type}}",
  });
  const lanes: Lane[] = [];
  for (let lane = 0; lane < LANES; lane++) {
    const answer = await client.send("POST", "/api/v1/instances", {
      name: `lane-${lane}`,
      db_type: TYPES[lane % TYPES.length],
      host: "db.example.com",
      port: 3306,
    });
    const { data } = (await answer.json()) as { data: { instance: { id: number } } };
    lanes.push(laneOf(data.instance.id, lane));
  }
  for (const each of clients) {
    await until(
      () => each.status("/api/v1/sources/rules"),
      (status) => status === 200,
    );
  }
  return lanes;
}

function laneOf(id: number, lane: number): Lane {
  const type = TYPES[lane % TYPES.length] ?? "";
  const account = { source: "accounts", key: `/instances/${id}/accounts/${USER}` };
  const grant = { source: "grants", key: `/grants/${id}/${USER.toLowerCase()}` };
  const rule = { source: "rules", key: `/rules/${lane}/${type}` };
  const neighbour = { source: "accounts", key: `/instances/${id}/accounts/other` };
  const both = [account, grant];
  const all = [...both, neighbour];
  // Two that clear everything would keep each other from it.
  const most =
    lane === 0
      ? { path: "clear-all", body: undefined, clears: all }
      : { path: "purge", body: { params: { instance_id: String(id) } }, clears: all };
  return {
    id,
    actions: [
      { path: "clear-user", body: { instance_id: id, username: USER }, clears: both },
      { path: "clear-instance", body: { instance_id: id }, clears: all },
      { path: "clear-classification", body: { db_type: type }, clears: [rule] },
      most,
      {
        path: "purge",
        body: { params: { instance_id: String(id), username: USER } },
        clears: both,
      },
      {
        path: "purge",
        body: { source_id: "rules", prefix: `/rules/${lane}/` },
        clears: [rule],
      },
    ],
  };
}

interface Trial {
  readonly clients: readonly Client[];
  readonly versions: Map<string, number>;
  readonly answered: ReadonlyMap<string, number>;
  readonly lane: Lane;
  readonly trial: number;
}

async function runTrial({ clients, versions, answered, lane, trial }: Trial) {
  const clientAt = (index: number) => clients[index % clients.length] as Client;
  const action = lane.actions[trial % lane.actions.length] as Action;
  const [before, after] = [2 * trial, 2 * trial + 1];
  const say = (n: number) => action.clears.forEach(({ key }) => versions.set(key, n));
  const readAll = (headers: Record<string, string>) =>
    Promise.all(
      clients.flatMap((client) =>
        action.clears.map(({ source, key }) => client.read(source, key, headers)),
      ),
    );

  say(before);
  // Warm in every process, with what the upstream says until now.
  await readAll({ "X-UC-Wait": "1" });
  await readAll({});
  for (const [index, { source, key }] of action.clears.entries()) {
    const path = `/api/v1/cache/${source}/${encodeURIComponent(key)}/refresh`;
    await (await clientAt(trial + index).send("POST", path, {})).arrayBuffer();
  }
  // Some are cut off before their call, some in the middle, some behind it.
  await new Promise((resolve) => setTimeout(resolve, (trial * 11) % 40));
  const isAnswered = ({ key }: Place) => answered.get(key) === before;
  const wereAnswered = action.clears.every(isAnswered);
  say(after);
  const cleared = await clear(clientAt(trial + 2), action, lane.id);

  const reads = [
    ...(await readAll({ "X-UC-Cache-Only": "1" })),
    ...(await readAll({ "X-UC-Wait": "1" })),
    ...(await readAll({})),
  ];
  const values = reads.flatMap(({ status, body }) =>
    status === 200 ? [body.data.n] : [],
  );
  return {
    violations: values.filter((n) => n < after).length,
    current: values.filter((n) => n === after).length,
    inFlight: !wereAnswered || action.clears.some(isAnswered),
    miscounted: cleared > mostCleared(action) ? 1 : 0,
  };
}

/** Another lane's clear of everything may have been there first, but none adds an entry. */
function mostCleared({ path, clears }: Action): number {
  const isShared = path === "clear-all" || path === "clear-classification";
  return isShared ? Infinity : clears.length;
}

/** Asks again while another lane clears the same. Gives how many entries went. */
async function clear(
  client: Client,
  { path, body }: Action,
  id: number,
): Promise<number> {
  for (;;) {
    const answer = await client.send("POST", `/api/v1/cache/actions/${path}`, body);
    const { data } = (await answer.json()) as { data?: Record<string, any> };
    if (answer.status === 409 || data?.["failed_instances"]?.includes(id)) continue;
    if (answer.status !== 200) throw new Error(`Not cleared: ${path} ${answer.status}`);
    if (data?.["unreached_processes"] !== 0) throw new Error("A process was not reached");
    return data?.["cleared_entries"] ?? 0;
  }
}
