import { afterAll, describe, expect, test } from "bun:test";
import { json } from "../support/counting-upstream.ts";
import { eventually, jsonOf, testService } from "../support/service.ts";
import { MOST_WAITERS } from "../../src/services/entry/entry-waiters.ts";
import { heldAnswer, pathOf, weatherService } from "./weather.ts";

/** Two processes on one database. */
const weather = await weatherService();
const other = await testService({ address: weather.service.address });
const { answers, callsOf, service, source } = weather;
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await weather[Symbol.asyncDispose]();
});

const WAIT = { "X-UC-Wait": "1" };
/** Longer than any answer here may take. */
const LONG = { ...WAIT, Prefer: "wait=60" };
const known = (id: string) =>
  eventually(
    async () => (await other.request(`/api/v1/sources/${id}`)).status,
    (status) => status === 200,
  );

describe("200 readers in two processes who wait for one key", () => {
  test("cause one call, and each gets the value", async () => {
    const held = heldAnswer();
    await source("crowd");
    await known("crowd");
    answers.set("crowd", held.answer(json({ n: 7 })));
    const reads = Array.from({ length: 200 }, (_, n) =>
      (n % 2 === 0 ? service : other).request(pathOf("crowd"), { headers: LONG }),
    );
    await eventually(
      async () => callsOf("crowd").length,
      (calls) => calls === 1,
    );
    held.open();
    const responses = await Promise.all(reads);
    const values = await Promise.all(responses.map(jsonOf));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(values.map(({ data }) => data.n))).toEqual(new Set([7]));
    expect(responses.some(({ headers }) => collapsed(headers))).toBe(true);
    expect(callsOf("crowd")).toHaveLength(1);
  });

  test("hear together that the upstream fails", async () => {
    await source("crowd-failing");
    await known("crowd-failing");
    answers.set("crowd-failing", json({}, 400));
    const responses = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        (n % 2 === 0 ? service : other).request(pathOf("crowd-failing"), {
          headers: LONG,
        }),
      ),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([502]));
    expect(callsOf("crowd-failing")).toHaveLength(1);
  });
});

const collapsed = (headers: Headers) =>
  headers.get("Cache-Status")?.includes(";collapsed") === true;

describe("a reader who waits", () => {
  test("is woken by what another process fetched", async () => {
    const held = heldAnswer();
    await source("woken");
    await known("woken");
    answers.set("woken", held.answer(json({ n: 3 })));
    await service.request(pathOf("woken"));
    await eventually(
      async () => callsOf("woken").length,
      (calls) => calls === 1,
    );
    const reading = other.request(pathOf("woken"), { headers: LONG });
    await eventually(
      () => weather.tasksOf("woken"),
      ([task]) => task?.priority === 1,
    );
    held.open();
    expect((await jsonOf(await reading)).data).toEqual({ n: 3 });
  });

  test("whose task is cancelled is told to come back, with a new one", async () => {
    await source("cancelled", { rate_limit: { per_minute: 1 } });
    await weather.fetchKey("cancelled", "/weather/first");
    const reading = service.request(pathOf("cancelled"), { headers: LONG });
    const [, task] = await eventually(
      () => weather.tasksOf("cancelled"),
      ([, task]) => task?.priority === 1,
    );
    await service.request(`/api/v1/tasks/${task?.id}`, { method: "DELETE" });
    const response = await reading;
    expect(response.status).toBe(202);
    expect((await jsonOf(response)).task_id).not.toBe(task?.id);
  });

  test("and hangs up stops nothing, and frees the place that another needs", async () => {
    const held = heldAnswer();
    await source("hang-up");
    answers.set("hang-up", held.answer(json({ n: 5 })));
    const gone = new AbortController();
    const wait = (signal?: AbortSignal) =>
      service.request(pathOf("hang-up"), { headers: LONG, signal: signal ?? null });
    const leaving = wait(gone.signal).catch(() => {});
    await eventually(
      async () => callsOf("hang-up").length,
      (calls) => calls === 1,
    );
    const staying = Array.from({ length: MOST_WAITERS - 1 }, () => wait());
    const crowdedOut = await eventually(
      async () => (await service.request(pathOf("hang-up"), { headers: WAIT })).status,
      (status) => status === 202,
    );
    expect(crowdedOut).toBe(202);

    gone.abort();
    await leaving;
    const last = wait();
    held.open();
    expect((await last).status).toBe(200);
    const responses = await Promise.all(staying);
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(callsOf("hang-up")).toHaveLength(1);
  }, 60_000);
});
