import { afterAll, describe, expect, test } from "bun:test";
import { json } from "../support/counting-upstream.ts";
import { eventually, jsonOf } from "../support/service.ts";
import { HOUR, heldAnswer, MINUTE, SECOND, weatherService } from "./weather.ts";

/** Contract §5, cell by cell: the columns fresh, stale, fallback and absent of each mode. */
const weather = await weatherService();
const { answers, callsOf, fetchKey, read, readCached, service, source } = weather;
afterAll(() => weather[Symbol.asyncDispose]());

const AGES = { fresh: SECOND, stale: 15 * MINUTE, fallback: 2 * HOUR } as const;
type Age = keyof typeof AGES;

const FAILING = json({ error: "no" }, 400);
const OTHER = json({ n: 2 });

/** A source with an entry `{"n": 1}` of that age; then the upstream answers `then`. */
async function stored(id: string, age: Age, then = OTHER, settings: object = {}) {
  answers.set(id, json({ n: 1 }));
  await source(id, settings);
  await fetchKey(id);
  await service.age(AGES[age]);
  answers.set(id, then);
}

/** What is left of `calls` a minute is spent on other keys. */
async function spendAll(id: string, calls: number) {
  for (let call = 0; call < calls; call++) await fetchKey(id, `/weather/other-${call}`);
}

const seen = async (response: Response) => ({
  status: response.status,
  label: response.headers.get("X-UC-Cache"),
  n: (await jsonOf(response)).data?.n,
});
const WAIT = { "X-UC-Wait": "1" };
const BYPASS = { "X-UC-Bypass-Cache": "true" };

describe("X-UC-Wait", () => {
  test("fresh: answers at once, without a call", async () => {
    await stored("wait-fresh", "fresh");
    expect(await seen(await read("wait-fresh", WAIT))).toEqual({
      status: 200,
      label: "HIT",
      n: 1,
    });
    expect(callsOf("wait-fresh")).toHaveLength(1);
  });

  test.each(["stale", "fallback"] as const)(
    "%s: waits for the new value",
    async (age) => {
      const id = `wait-${age}`;
      await stored(id, age);
      const response = await read(id, WAIT);
      expect(response.headers.get("Cache-Status")).toMatch(
        /^uni-cache;fwd=stale;stored;ttl=(59\d|600)$/,
      );
      expect(await seen(response)).toEqual({ status: 200, label: "MISS", n: 2 });
      expect(await seen(await readCached(id))).toMatchObject({ label: "HIT", n: 2 });
    },
  );

  test.each(["stale", "fallback"] as const)(
    "%s: the old value when the upstream fails, and within the back-off at once",
    async (age) => {
      const id = `wait-${age}-failing`;
      await stored(id, age, FAILING);
      for (let reads = 0; reads < 2; reads++) {
        expect(await seen(await read(id, WAIT))).toEqual({
          status: 200,
          label: "STALE",
          n: 1,
        });
      }
      expect(callsOf(id)).toHaveLength(2);
    },
  );

  test.each(["stale", "fallback"] as const)(
    "%s: the old value at the deadline, and the refresh goes on",
    async (age) => {
      const id = `wait-${age}-late`;
      const held = heldAnswer();
      await stored(id, age, held.answer(OTHER));
      const response = await read(id, { ...WAIT, Prefer: "wait=1" });
      expect(response.headers.get("Cache-Status")).toEndWith(';detail="refresh-queued"');
      expect(await seen(response)).toEqual({ status: 200, label: "STALE", n: 1 });
      held.open();
      await eventually(
        async () => (await seen(await readCached(id))).n,
        (n) => n === 2,
      );
      expect(callsOf(id)).toHaveLength(2);
    },
  );

  test("absent: waits for the value", async () => {
    await source("wait-absent");
    const response = await read("wait-absent", WAIT);
    expect(response.headers.get("Cache-Status")).toMatch(
      /^uni-cache;fwd=uri-miss;stored;ttl=(59\d|600)$/,
    );
    expect(await seen(response)).toEqual({ status: 200, label: "MISS", n: 1 });
  });

  test("absent: 502 when the upstream fails, and within the back-off at once", async () => {
    await source("wait-failing");
    answers.set("wait-failing", FAILING);
    for (let reads = 0; reads < 2; reads++) {
      const response = await read("wait-failing", WAIT);
      expect(response.status).toBe(502);
      expect(Number(response.headers.get("Retry-After"))).toBeWithin(1, 11);
      expect((await jsonOf(response)).code).toBe("UPSTREAM_FAILED");
    }
    expect(callsOf("wait-failing")).toHaveLength(1);
  });

  test("absent: 502 for each of 20 when the upstream can't be reached", async () => {
    await source("wait-nobody", { base_url: "http://127.0.0.1:1" });
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        read("wait-nobody", { ...WAIT, Prefer: "wait=30" }, `/weather/${n}`),
      ),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([502]));
  }, 60_000);

  test("absent: 504 when the upstream does not answer in time", async () => {
    await source("wait-timeout", { timeout_ms: 500 });
    answers.set("wait-timeout", () => {});
    const response = await read("wait-timeout", WAIT);
    expect(response.status).toBe(504);
    expect((await jsonOf(response)).code).toBe("UPSTREAM_TIMEOUT");
  });

  test("absent: 202 at the deadline, with the task that goes on", async () => {
    const held = heldAnswer();
    await source("wait-late");
    answers.set("wait-late", held.answer(OTHER));
    const reading = read("wait-late", { ...WAIT, Prefer: "wait=3" });
    await eventually(
      async () => callsOf("wait-late").length,
      (calls) => calls === 1,
    );
    const response = await reading;
    const { task_id, state } = await jsonOf(response);
    expect([response.status, state]).toEqual([202, "running"]);
    expect(response.headers.get("Location")).toBe(`/api/v1/tasks/${task_id}`);
    held.open();
    const done = await eventually(
      async () => jsonOf(await service.request(`/api/v1/tasks/${task_id}`)),
      (task) => task.state === "succeeded",
    );
    expect(done.key).toBe("/weather/Oslo");
    expect(callsOf("wait-late")).toHaveLength(1);
  });

  test("absent with no call free: 202 at the deadline, first in line", async () => {
    await source("wait-spent", { rate_limit: { per_minute: 1 } });
    await spendAll("wait-spent", 1);
    const response = await read("wait-spent", { ...WAIT, Prefer: "wait=1" });
    expect(response.status).toBe(202);
    expect(Number(response.headers.get("Retry-After"))).toBeWithin(30, 62);
    const [, task] = await weather.tasksOf("wait-spent");
    expect(task).toMatchObject({ state: "queued", priority: 1 });
  });

  test("absent with a full queue: 429", async () => {
    await source("wait-full", { rate_limit: { per_minute: 1 }, max_queue: 1 });
    await spendAll("wait-full", 1);
    await read("wait-full", {}, "/weather/waiting");
    const response = await read("wait-full", WAIT);
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("Retry-After"))).toBeWithin(30, 62);
  });

  test("Prefer alone does not wait", async () => {
    await source("prefer-alone");
    expect((await read("prefer-alone", { Prefer: "wait=5" })).status).toBe(202);
  });
});

describe("X-UC-Bypass-Cache", () => {
  test.each(["fresh", "stale", "fallback"] as const)(
    "%s: BYPASS with the new value",
    async (age) => {
      const id = `bypass-${age}`;
      await stored(id, age);
      const response = await read(id, BYPASS);
      expect(response.headers.get("Cache-Status")).toMatch(
        /^uni-cache;fwd=request;stored;ttl=(59\d|600)$/,
      );
      expect(await seen(response)).toEqual({ status: 200, label: "BYPASS", n: 2 });
      expect(await seen(await readCached(id))).toMatchObject({ label: "HIT", n: 2 });
    },
  );

  test("absent: BYPASS with the value", async () => {
    await source("bypass-absent");
    expect(await seen(await read("bypass-absent", BYPASS))).toEqual({
      status: 200,
      label: "BYPASS",
      n: 1,
    });
  });

  test.each([
    ["fresh", "HIT"],
    ["stale", "STALE"],
    ["fallback", "STALE"],
  ] as const)("%s with no call free: %s, and a refresh is queued", async (age, label) => {
    const id = `bypass-${age}-spent`;
    await stored(id, age, OTHER, { rate_limit: { per_minute: 1 } });
    const response = await read(id, BYPASS);
    expect(response.headers.get("Cache-Status")).toEndWith(';detail="refresh-queued"');
    expect(await seen(response)).toEqual({ status: 200, label, n: 1 });
    await eventually(
      () => weather.tasksOf(id),
      (tasks) => tasks.some(({ state }) => state === "queued"),
    );
    expect(callsOf(id)).toHaveLength(1);
  });

  test("absent with no call free: 202", async () => {
    await source("bypass-absent-spent", { rate_limit: { per_minute: 1 } });
    await spendAll("bypass-absent-spent", 1);
    expect((await read("bypass-absent-spent", BYPASS)).status).toBe(202);
  });

  test.each([
    ["fresh", "HIT"],
    ["stale", "STALE"],
    ["fallback", "STALE"],
  ] as const)("%s while the upstream fails: the old value", async (age, label) => {
    const id = `bypass-${age}-failing`;
    await stored(id, age, FAILING);
    expect(await seen(await read(id, BYPASS))).toEqual({ status: 200, label, n: 1 });
    expect(callsOf(id)).toHaveLength(2);
  });

  test("absent while the upstream fails: 502; it calls again though there is a back-off", async () => {
    await source("bypass-failing");
    answers.set("bypass-failing", FAILING);
    expect((await read("bypass-failing", BYPASS)).status).toBe(502);
    expect((await read("bypass-failing", BYPASS)).status).toBe(502);
    expect(callsOf("bypass-failing")).toHaveLength(2);
  });

  test("absent with an upstream that can't be reached: 502", async () => {
    await source("bypass-nobody", { base_url: "http://127.0.0.1:1" });
    expect((await read("bypass-nobody", BYPASS)).status).toBe(502);
  });

  test("of a key that is being refreshed shares its call", async () => {
    const held = heldAnswer();
    await source("bypass-shared");
    answers.set("bypass-shared", held.answer(OTHER));
    await read("bypass-shared");
    await eventually(
      async () => callsOf("bypass-shared").length,
      (calls) => calls === 1,
    );
    const response = read("bypass-shared", BYPASS);
    await eventually(
      () => weather.tasksOf("bypass-shared"),
      ([task]) => task?.priority === 1,
    );
    held.open();
    expect(await seen(await response)).toEqual({ status: 200, label: "BYPASS", n: 2 });
    expect(callsOf("bypass-shared")).toHaveLength(1);
  });
});

describe("X-UC-Bypass-Cache with X-UC-Wait", () => {
  test.each(["fresh", "stale", "fallback"] as const)(
    "%s: waits for a free call",
    async (age) => {
      const id = `both-${age}`;
      const rate_limit = { per_minute: 100, per_second: 1 };
      await stored(id, age, OTHER, { rate_limit });
      await spendAll(id, 1);
      expect(await seen(await read(id, { ...BYPASS, ...WAIT }))).toEqual({
        status: 200,
        label: "BYPASS",
        n: 2,
      });
    },
  );

  test("fresh: the entry at the deadline", async () => {
    await stored("both-late", "fresh", OTHER, { rate_limit: { per_minute: 1 } });
    const response = await read("both-late", { ...BYPASS, ...WAIT, Prefer: "wait=1" });
    expect(await seen(response)).toEqual({ status: 200, label: "HIT", n: 1 });
  });

  test("absent: waits for the value", async () => {
    await source("both-absent");
    const response = await read("both-absent", { ...BYPASS, ...WAIT });
    expect(await seen(response)).toMatchObject({ status: 200, label: "BYPASS" });
  });
});

describe("X-UC-Cache-Only", () => {
  test("waits for nothing", async () => {
    await source("only-wait");
    const headers = { ...WAIT, "X-UC-Cache-Only": "1" };
    expect((await read("only-wait", headers)).status).toBe(404);
    expect(await weather.tasksOf("only-wait")).toEqual([]);
  });
});

describe("headers that can't be carried out", () => {
  test.each([
    ["bypass and cache-only", { ...BYPASS, "X-UC-Cache-Only": "1" }, "X-UC-Bypass-Cache"],
    ["X-UC-Wait: maybe", { "X-UC-Wait": "maybe" }, "X-UC-Wait"],
    ["X-UC-Bypass-Cache: TRUE", { "X-UC-Bypass-Cache": "TRUE" }, "X-UC-Bypass-Cache"],
    ["X-UC-Cache-Only, empty", { "X-UC-Cache-Only": "" }, "X-UC-Cache-Only"],
  ])("%s: 400, naming the header, and nothing queued", async (_, headers, name) => {
    const id = `bad-${Bun.hash(JSON.stringify(headers))}`;
    await source(id);
    const response = await read(id, headers);
    expect(response.status).toBe(400);
    expect((await jsonOf(response)).errors[0].field.toLowerCase()).toBe(
      name.toLowerCase(),
    );
    expect(await weather.tasksOf(id)).toEqual([]);
  });
});
