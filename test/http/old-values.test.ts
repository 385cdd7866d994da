import { afterAll, describe, expect, test } from "bun:test";
import { eventually } from "../support/service.ts";
import { timed } from "../support/moving-clock.ts";
import { HOUR, MINUTE, OSLO, weatherService } from "./weather.ts";

/** Who has an old value in hand does not wait for the queue. */
const weather = await weatherService({ worker: "off" });
const { read, service, source, tasksOf } = weather;
afterAll(() => weather[Symbol.asyncDispose]());

const WAIT = { "X-UC-Wait": "1" };
const detailOf = (response: Response) =>
  /;detail="([\w-]+)"/.exec(response.headers.get("Cache-Status") ?? "")?.[1];
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
    const { value: response, millis } = await whileQueueHangs(() =>
      timed(service, () => read(id)),
    );
    expect(summary(response)).toMatchObject({ status: 200, label: "STALE" });
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
    const responses: Response[] = [];
    const readEach = async () => {
      await eventually(
        async () => (await readAll()).map(detailOf),
        (details) => details.every((detail) => detail === "stale"),
      );
      const before = await transactions();
      responses.length = 0;
      for (const key of keys) responses.push(await read("full", {}, key));
      return (await transactions()) - before;
    };
    // Now and then it is asked again, and that may be just then.
    await eventually(readEach, (asked) => asked < 10);
    for (const response of responses) expect(summary(response)).toEqual(refused);
  });
});
