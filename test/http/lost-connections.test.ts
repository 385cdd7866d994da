import { afterAll, describe, expect, test } from "bun:test";
import { eventually } from "../support/service.ts";
import { pathOf, weatherService } from "./weather.ts";

const weather = await weatherService({ worker: "off" });
const { read, service, source, tasksOf } = weather;
afterAll(() => weather[Symbol.asyncDispose]());

/** More than the store takes questions at once. */
const READERS = 1_400;
const AT_ONCE = 200;
const WAIT = { "X-UC-Wait": "1", Prefer: "wait=60" };

const queued = async (id: string) => {
  const [row] = await service.sql<{ count: number }[]>`
    select count(*)::int as count from tasks where source_id = ${id} and state = 'queued'`;
  return row?.count;
};
/** Who listens for news, in all processes. */
const listeners = () => service.sql<{ pid: number }[]>`
  select pid from pg_stat_activity
  where datname = current_database() and query ilike 'listen%'`;

describe("the connection over which news come", () => {
  test("may be lost while many wait: they wait on, and hear what happens then", async () => {
    await source("herd", { rate_limit: { per_minute: 1 } });
    expect((await read("herd", WAIT, "/weather/first")).status).toBe(200);
    const client = new AbortController();
    const answered: (number | undefined)[] = [];
    const waiting: Promise<unknown>[] = [];
    const wait = async (key: string) => {
      const init = { headers: WAIT, signal: client.signal };
      const response = await service.request(pathOf("herd", key), init).catch(() => null);
      if (!client.signal.aborted) answered.push(response?.status);
    };
    const allQueued = () =>
      eventually(
        () => queued("herd"),
        (count) => count === waiting.length,
      );
    while (waiting.length < READERS) {
      for (let n = 0; n < AT_ONCE; n++) waiting.push(wait(`/weather/${waiting.length}`));
      await allQueued();
    }
    const lost = await listeners();
    expect(lost).not.toBeEmpty();
    for (const { pid } of lost) await service.sql`select pg_terminate_backend(${pid})`;
    const first = (await tasksOf("herd")).find(({ key }) => key === "/weather/0");
    await service.request(`/api/v1/tasks/${first?.id}`, { method: "DELETE" });
    await eventually(
      async () => answered.length,
      (count) => count > 0,
    );
    await eventually(listeners, (now) => now.length === lost.length);
    expect([answered.length, answered[0]]).toEqual([1, 202]);
    client.abort();
    await Promise.all(waiting);
  }, 90_000);
});
