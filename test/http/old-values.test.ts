import { afterAll, describe, expect, test } from "bun:test";
import { eventually } from "../support/service.ts";
import { HOUR, MINUTE, OSLO, weatherService } from "./weather.ts";

/** Who has an old value in hand does not wait for the queue. */
const weather = await weatherService({ worker: "off" });
const { read, service, source, tasksOf } = weather;
afterAll(() => weather[Symbol.asyncDispose]());

const WAIT = { "X-UC-Wait": "1" };
const detailOf = (response: Response) =>
  /detail=([\w-]+)/.exec(response.headers.get("Cache-Status") ?? "")?.[1];
const summary = (response: Response) => ({
  status: response.status,
  label: response.headers.get("X-UC-Cache"),
  detail: detailOf(response),
});

/** A source with entries of that age, all in memory, and no call free. */
async function stored(id: string, age: number, keys: readonly string[], max_queue = 10) {
  await source(id, { rate_limit: { per_minute: keys.length }, max_queue });
  for (const key of keys) expect((await read(id, WAIT, key)).status).toBe(200);
  await service.age(age);
  for (const key of keys) await weather.readCached(id, key);
}

/** While `act` runs, nothing can be queued. */
async function whileQueueHangs<A>(act: () => Promise<A>): Promise<A> {
  const locked = Promise.withResolvers<void>();
  const acted = Promise.withResolvers<void>();
  const holding = service.sql.begin(async (sql) => {
    await sql`lock table tasks in access exclusive mode`;
    locked.resolve();
    await acted.promise;
  });
  await locked.promise;
  try {
    return await act();
  } finally {
    acted.resolve();
    await holding;
  }
}

describe("while the queue does not answer", () => {
  test.each([
    ["stale", 15 * MINUTE],
    ["fallback", 2 * HOUR],
  ])("a %s entry is served at once", async (name, age) => {
    const id = `hanging-${name}`;
    await stored(id, age, [OSLO]);
    const millis = await whileQueueHangs(async () => {
      const startedAt = performance.now();
      expect(summary(await read(id))).toMatchObject({ status: 200, label: "STALE" });
      return performance.now() - startedAt;
    });
    expect(millis).toBeLessThan(500);
  });

  test("a stale entry is refreshed all the same once it does", async () => {
    await stored("hanging-asks", 15 * MINUTE, [OSLO]);
    await whileQueueHangs(() => read("hanging-asks"));
    const tasks = await eventually(
      () => tasksOf("hanging-asks"),
      (all) => all.some(({ state }) => state === "queued"),
    );
    expect(tasks.filter(({ state }) => state === "queued")).toHaveLength(1);
  });
});

/** How many transactions have written or locked something so far, this one included. */
const transactions = async () => {
  const [row] = await service.sql<{ xid: string }[]>`select pg_current_xact_id() as xid`;
  return Number(row?.xid);
};

describe("while the queue is full", () => {
  test("stale entries are served without asking it at each read, and say so", async () => {
    const keys = Array.from({ length: 30 }, (_, n) => `/weather/${n}`);
    await stored("full", 15 * MINUTE, keys, 1);
    await service.send("POST", "/api/v1/cache/full/prefetch", { keys: ["/weather/x"] });
    const readAll = () => Promise.all(keys.map((key) => read("full", {}, key)));
    const refused = { status: 200, label: "STALE", detail: "stale" };
    await eventually(
      async () => (await readAll()).map(detailOf),
      (details) => details.every((detail) => detail === "stale"),
    );
    const before = await transactions();
    const responses: Response[] = [];
    for (const key of keys) responses.push(await read("full", {}, key));
    expect((await transactions()) - before).toBeLessThan(10);
    for (const response of responses) expect(summary(response)).toEqual(refused);
  });
});
