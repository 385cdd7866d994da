import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CountingUpstream, countingUpstream } from "../support/counting-upstream.ts";
import { type Client, clientOf, until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { type RunningApi, startApi } from "./processes.ts";

const ROUNDS = 50;

interface Heard {
  readonly status: number;
  readonly body: string;
  readonly deleted: string | null;
  readonly isReplay: boolean;
}

/** What is asked for in one round, by a path and a body of its own. */
interface Request {
  readonly path: string;
  readonly body?: object;
}

const keyPath = (key: string) => `/api/v1/cache/s/${encodeURIComponent(key)}`;

describe("a request that is sent to two processes at one instant", () => {
  let place: Awaited<ReturnType<typeof sharedDatabase>>;
  let upstream: CountingUpstream;
  let apis: readonly RunningApi[] = [];
  let clients: readonly Client[] = [];
  let client: Client;

  beforeAll(async () => {
    place = await sharedDatabase();
    upstream = await countingUpstream();
    apis = [await startApi(place.environment), await startApi(place.environment)];
    clients = apis.map((api) => clientOf(api));
    client = clientOf(apis[0] as RunningApi);
    const rate_limit = { per_minute: 1_000_000 };
    await client.createSource("s", upstream.url, { rate_limit });
    for (const each of clients) {
      await until(
        () => each.status("/api/v1/sources/s"),
        (status) => status === 200,
      );
    }
  }, 120_000);

  afterAll(async () => {
    for (const api of apis) await api.stop();
    await upstream?.[Symbol.asyncDispose]();
    await place?.[Symbol.asyncDispose]();
  }, 120_000);

  const sendToBoth = ({ path, body }: Request, name: string): Promise<Heard[]> =>
    Promise.all(
      clients.map(async (each) => {
        const answer = await each.send("POST", path, body, { "Idempotency-Key": name });
        return {
          status: answer.status,
          body: await answer.text(),
          deleted: answer.headers.get("x-uc-deleted"),
          isReplay: answer.headers.get("idempotent-replayed") === "true",
        };
      }),
    );

  /** How often the upstream was called for `key`, once nothing is left to do. */
  async function callsFor(key: string): Promise<number> {
    await until(
      () => place.sql`select 1 from tasks where state in ('queued', 'running')`,
      (unfinished) => unfinished.length === 0,
    );
    return upstream.calls.filter(({ target }) => target === key).length;
  }

  /**
   * Sends `request` to both, looks what it did by `effect`, and sends it to both again. Of
   * all answers one is the first, and each other either the same or that it still runs.
   * Gives the first, and whether one heard that it still runs.
   */
  async function runRound(
    request: Request,
    name: string,
    effect: () => Promise<unknown>,
  ) {
    const together = await sendToBoth(request, name);
    const firsts = together.filter((heard) => !heard.isReplay && !isRunning(heard));
    expect(firsts).toHaveLength(1);
    const [first] = firsts as [Heard];
    await effect();
    const later = await sendToBoth(request, name);

    const again = [...together.filter(({ isReplay }) => isReplay), ...later];
    for (const heard of again) expect(heard).toEqual({ ...first, isReplay: true });
    return { first, met: together.some(isRunning) };
  }

  /** How many records the trail has of `action` about a source or a key. */
  async function recordsOf(action: string, about: string): Promise<number> {
    const records = await place.sql`
      select 1 from audit_records
      where action = ${action} and ${about} in (target, details::jsonb->>'key')`;
    return records.length;
  }

  /** All rounds of one kind of request; `effect` tells what the request of a round did. */
  async function runRounds<A>(
    kind: string,
    requestOf: (id: string) => Request,
    effect: (id: string) => Promise<A>,
  ) {
    const effects: A[] = [];
    const firsts: Heard[] = [];
    let met = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const id = `${kind}-${round}`;
      const result = await runRound(requestOf(id), id, () => effect(id));
      effects.push(await effect(id));
      firsts.push(result.first);
      met += result.met ? 1 : 0;
    }
    // At one instant indeed.
    expect(met).toBeGreaterThan(0);
    return {
      effects: distinct(effects),
      statuses: distinct(firsts.map((f) => f.status)),
      firsts,
    };
  }

  test("refreshes once", async () => {
    const { effects, statuses } = await runRounds(
      "refresh",
      (id) => ({ path: `${keyPath(`/${id}`)}/refresh` }),
      (id) => callsFor(`/${id}`),
    );
    expect([statuses, effects]).toEqual([[202], [1]]);
  }, 120_000);

  test("prefetches once", async () => {
    const { effects, statuses } = await runRounds(
      "prefetch",
      (id) => ({
        path: "/api/v1/cache/s/prefetch",
        body: { keys: [`/${id}/a`, `/${id}/b`] },
      }),
      async (id) => [await callsFor(`/${id}/a`), await callsFor(`/${id}/b`)],
    );
    expect([statuses, effects]).toEqual([[202], [[1, 1]]]);
  }, 120_000);

  test("runs a cycle once", async () => {
    const { effects, statuses } = await runRounds(
      "run",
      (id) => ({ path: "/api/v1/tasks/run", body: { source_id: "s", keys: [`/${id}`] } }),
      (id) => callsFor(`/${id}`),
    );
    expect([statuses, effects]).toEqual([[200], [1]]);
  }, 120_000);

  test("invalidates once, which the trail tells once", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      await client.read("s", `/invalidate-${round}`, { "X-UC-Wait": "1" });
    }
    // What is read in between is there afterwards: it is not invalidated again.
    const { effects, statuses, firsts } = await runRounds(
      "invalidate",
      (id) => ({ path: `${keyPath(`/${id}`)}/invalidate` }),
      async (id) => {
        await client.read("s", `/${id}`, { "X-UC-Wait": "1" });
        return [await callsFor(`/${id}`), await recordsOf("entry.invalidate", `/${id}`)];
      },
    );
    expect([statuses, effects]).toEqual([[204], [[2, 1]]]);
    expect(distinct(firsts.map(({ deleted }) => deleted))).toEqual(["1"]);
  }, 120_000);

  test("creates a source once, which the trail tells once", async () => {
    const { effects, statuses } = await runRounds(
      "source",
      (id) => ({
        path: "/api/v1/sources",
        body: { id, base_url: upstream.url, key_template: "/{{path*}}" },
      }),
      async (id) => {
        const rows = await place.sql`select 1 from sources where id = ${id}`;
        return [rows.length, await recordsOf("source.create", id)];
      },
    );
    expect([statuses, effects]).toEqual([[201], [[1, 1]]]);
  }, 120_000);
});

const isRunning = ({ status, body }: Heard) =>
  status === 409 && JSON.parse(body).code === "IDEMPOTENCY_KEY_RUNNING";

/** Each of `values` once, compared by what is in them. */
function distinct<A>(values: readonly A[]): readonly A[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
