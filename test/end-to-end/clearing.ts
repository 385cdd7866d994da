/**
 * Trials of the clear actions: entries about instances warm in the memory of three
 * processes, refreshes in flight, one process told to clear; then every process is read.
 *
 * @module
 */
import { type Client, clientOf, until } from "./client.ts";
import { type Environment, startApi } from "./processes.ts";
import {
  judge,
  NOT_JUDGED,
  pauseIn,
  type Place,
  runLanes,
  startRefresh,
  type TellingUpstream,
  tellingUpstream,
  type TrialResult,
} from "./trials.ts";

export interface ClearResult extends TrialResult {
  /** Clears that took along entries of something else. */
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

/** What is read of one lane. */
interface Lane {
  /** Of its instance. */
  readonly id: number;
  readonly actions: readonly Action[];
}

/**
 * Three processes. The upstream counts up with each trial of a key, so that what it says
 * tells whether its call began before the clear.
 */
export async function runClears(
  environment: Environment,
  trials: number,
): Promise<ClearResult> {
  await using upstream = await tellingUpstream();
  await using first = await startApi(environment);
  await using second = await startApi(environment);
  await using third = await startApi(environment);
  const clients = [first, second, third].map((api) => clientOf(api));
  const lanes = await prepare(clients, upstream.url);

  return await runLanes(lanes, trials, (lane, trial) =>
    runTrial({ clients, upstream, lane, trial }),
  );
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
  readonly upstream: TellingUpstream;
  readonly lane: Lane;
  readonly trial: number;
}

async function runTrial({ clients, upstream, lane, trial }: Trial) {
  const clientAt = (index: number) => clients[index % clients.length] as Client;
  const action = lane.actions[trial % lane.actions.length] as Action;
  const [before, after] = [2 * trial, 2 * trial + 1];
  const say = (n: number) => action.clears.forEach(({ key }) => upstream.tell(key, n));
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
  for (const [index, place] of action.clears.entries()) {
    await startRefresh(clientAt(trial + index), place);
  }
  await pauseIn(trial);
  const isAnswered = ({ key }: Place) => upstream.told(key) === before;
  const wereAnswered = action.clears.every(isAnswered);
  say(after);
  const { cleared, unreached } = await clear(clientAt(trial + 2), action, lane.id);
  const miscounted = cleared > mostCleared(action) ? 1 : 0;
  if (unreached > 0) return { ...NOT_JUDGED, miscounted };

  const reads = [
    ...(await readAll({ "X-UC-Cache-Only": "1" })),
    ...(await readAll({ "X-UC-Wait": "1" })),
    ...(await readAll({})),
  ];
  const inFlight = !wereAnswered || action.clears.some(isAnswered);
  return { ...judge(reads, after), inFlight: inFlight ? 1 : 0, miscounted };
}

/** Another lane's clear of everything may have been there first, but none adds an entry. */
function mostCleared({ path, clears }: Action): number {
  const isShared = path === "clear-all" || path === "clear-classification";
  return isShared ? Infinity : clears.length;
}

/** Asks again while another lane clears the same. Gives how many entries went. */
async function clear(client: Client, { path, body }: Action, id: number) {
  for (;;) {
    const answer = await client.send("POST", `/api/v1/cache/actions/${path}`, body);
    const { data } = (await answer.json()) as { data?: Record<string, any> };
    if (answer.status === 409 || data?.["failed_instances"]?.includes(id)) continue;
    if (answer.status !== 200) throw new Error(`Not cleared: ${path} ${answer.status}`);
    return {
      cleared: Number(data?.["cleared_entries"] ?? 0),
      unreached: Number(data?.["unreached_processes"]),
    };
  }
}
