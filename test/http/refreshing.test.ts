import { afterAll, describe, expect, test } from "bun:test";
import { json } from "../support/counting-upstream.ts";
import { eventually, jsonOf } from "../support/service.ts";
import { heldAnswer, HOUR, OSLO, pathOf, weatherService } from "./weather.ts";

const weather = await weatherService();
const { act, answers, callsOf, fetchKey, read, readCached, service, source } = weather;
const { readInTime, tasksOf } = weather;
afterAll(() => weather[Symbol.asyncDispose]());

const WAIT = { "X-UC-Wait": "1" };
const OTHER = json({ n: 2 });
const FAILING = json({ error: "no" }, 400);
const TASK = /^t_[0-9a-f]{32}$/;

const valueOf = async (id: string, key?: string) =>
  (await jsonOf(await readCached(id, key))).data?.n;
const prefetch = (id: string, body: object) =>
  service.send("POST", `/api/v1/cache/${id}/prefetch`, body);

describe("POST …/{key}/refresh", () => {
  test("queues a refresh of a fresh entry: 202 with the task", async () => {
    await source("refresh");
    await fetchKey("refresh");
    answers.set("refresh", OTHER);
    const response = await act("refresh", "refresh");
    const body = await jsonOf(response);
    expect([response.status, body]).toEqual([
      202,
      { task_id: expect.stringMatching(TASK) },
    ]);
    expect(response.headers.get("Location")).toBe(`/api/v1/tasks/${body.task_id}`);
    expect(response.headers.get("X-RateLimit-Limit")).toBe("1000");
    await weather.settled("refresh");
    expect(await valueOf("refresh")).toBe(2);
  });

  test("waited for by a named request: a repeat gives the entry there is, and no cleared one", async () => {
    const id = "refresh-named";
    const named = { ...WAIT, "Idempotency-Key": crypto.randomUUID() };
    await source(id);
    answers.set(id, OTHER);
    const first = await act(id, "refresh", named);
    const calls = callsOf(id).length;

    const repeat = await act(id, "refresh", named);

    expect([first.status, repeat.status]).toEqual([200, 200]);
    expect(repeat.headers.get("Idempotent-Replayed")).toBe("true");
    expect((await jsonOf(repeat)).data).toEqual({ n: 2 });
    expect(callsOf(id)).toHaveLength(calls);

    answers.set(id, json({ n: 3 }));
    await act(id, "invalidate");
    const later = await act(id, "refresh", named);

    expect((await jsonOf(later)).data).toEqual({ n: 3 });
    expect(callsOf(id)).toHaveLength(calls + 1);
  });

  test("of a key with an unfinished refresh: 409 with its task", async () => {
    await source("refresh-twice", { rate_limit: { per_minute: 1 } });
    await fetchKey("refresh-twice");
    const { task_id } = await jsonOf(await act("refresh-twice", "refresh"));
    const response = await act("refresh-twice", "refresh");
    expect(response.status).toBe(409);
    expect(response.headers.get("Location")).toBe(`/api/v1/tasks/${task_id}`);
    expect(await jsonOf(response)).toMatchObject({ code: "REFRESH_UNFINISHED", task_id });
  });

  test("waited for: 200 with the new entry, joining one that is unfinished", async () => {
    const held = heldAnswer();
    await source("refresh-wait");
    answers.set("refresh-wait", held.answer(OTHER));
    await read("refresh-wait");
    const waiting = act("refresh-wait", "refresh", WAIT);
    await eventually(
      () => tasksOf("refresh-wait"),
      ([task]) => task?.priority === 1,
    );
    held.open();
    const response = await waiting;
    expect([response.status, (await jsonOf(response)).data]).toEqual([200, { n: 2 }]);
    expect(response.headers.get("X-UC-Cache")).toBe("BYPASS");
    expect(callsOf("refresh-wait")).toHaveLength(1);
  });

  test("waited for in vain: 202 with the task", async () => {
    const held = heldAnswer();
    await source("refresh-late");
    answers.set("refresh-late", held.answer(OTHER));
    const response = await act("refresh-late", "refresh", { ...WAIT, Prefer: "wait=1" });
    const { task_id } = await jsonOf(response);
    expect([response.status, task_id]).toEqual([202, expect.stringMatching(TASK)]);
    held.open();
    await eventually(
      async () => jsonOf(await service.request(`/api/v1/tasks/${task_id}`)),
      ({ state }) => state === "succeeded",
    );
  });

  test.each([
    [502, "UPSTREAM_FAILED", FAILING, {}],
    [504, "UPSTREAM_TIMEOUT", () => {}, { timeout_ms: 500 }],
  ])(
    "waited for while the upstream fails: %d",
    async (status, code, answer, settings) => {
      const id = `refresh-${status}`;
      await source(id, settings);
      answers.set(id, answer);
      const response = await act(id, "refresh", WAIT);
      expect([response.status, (await jsonOf(response)).code]).toEqual([status, code]);
    },
  );

  test("ends the back-off that a failure began", async () => {
    await source("refresh-again");
    answers.set("refresh-again", FAILING);
    await read("refresh-again", WAIT);
    expect((await read("refresh-again")).status).toBe(502);
    answers.set("refresh-again", OTHER);
    expect((await act("refresh-again", "refresh")).status).toBe(202);
    await weather.settled("refresh-again");
    expect(await valueOf("refresh-again")).toBe(2);
  });

  test("with a full queue: 429", async () => {
    await source("refresh-full", { rate_limit: { per_minute: 1 }, max_queue: 1 });
    await fetchKey("refresh-full");
    await read("refresh-full", {}, "/weather/Bergen");
    const response = await act("refresh-full", "refresh");
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("Retry-After"))).toBeWithin(30, 62);
  });

  test("is done once for one Idempotency-Key", async () => {
    await source("refresh-key", { rate_limit: { per_minute: 1 } });
    await fetchKey("refresh-key");
    const headers = { "Idempotency-Key": "refresh-1" };
    const first = await act("refresh-key", "refresh", headers);
    const again = await act("refresh-key", "refresh", headers);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect([again.status, await jsonOf(again)]).toEqual([202, await jsonOf(first)]);
  });

  test("with an Idempotency-Key waits no longer than its client, who finds the answer", async () => {
    await source("refresh-gone", { rate_limit: { per_minute: 1 } });
    await fetchKey("refresh-gone");
    const client = new AbortController();
    const headers = { ...WAIT, Prefer: "wait=60", "Idempotency-Key": "refresh-gone-1" };
    const send = (signal?: AbortSignal) =>
      service.request(`${pathOf("refresh-gone")}/refresh`, {
        method: "POST",
        headers,
        signal: signal ?? null,
      });
    const waiting = send(client.signal).catch(() => undefined);
    await eventually(
      () => tasksOf("refresh-gone"),
      ([, task]) => task?.priority === 1,
    );
    expect((await send()).status).toBe(409);
    client.abort();
    await waiting;
    const again = await eventually(
      () => send(),
      ({ status }) => status !== 409,
    );
    expect([again.status, again.headers.get("Idempotent-Replayed")]).toEqual([
      202,
      "true",
    ]);
  });
});

describe("POST …/prefetch", () => {
  test("queues every key once, fresh ones too", async () => {
    await source("prefetch", { rate_limit: { per_minute: 1 } });
    await fetchKey("prefetch");
    const keys = [OSLO, { city: "Bergen" }, "weather/Bergen/", "/weather/Oslo"];
    const response = await prefetch("prefetch", { keys, priority: "high" });
    const body = await jsonOf(response);
    expect([response.status, body.enqueued, body.duplicates]).toEqual([202, 2, 2]);
    expect(body.results).toEqual([
      { key: OSLO, task_id: body.task_ids[0], duplicate: false },
      { key: "/weather/Bergen", task_id: body.task_ids[1], duplicate: false },
      { key: "/weather/Bergen", task_id: body.task_ids[1], duplicate: true },
      { key: OSLO, task_id: body.task_ids[0], duplicate: true },
    ]);
    const [, ...queued] = await tasksOf("prefetch");
    expect(queued.map(({ id, priority }) => [id, priority])).toEqual(
      body.task_ids.map((id: string) => [id, 2]),
    );
  });

  test("promotes what waits with a worse priority, and never demotes", async () => {
    await source("promote", { rate_limit: { per_minute: 1 } });
    await fetchKey("promote");
    const priorities = [];
    for (const priority of ["low", "normal", "low", "high", "normal"]) {
      const { task_ids } = await jsonOf(
        await prefetch("promote", { keys: [OSLO], priority }),
      );
      const task = (await tasksOf("promote")).find(({ id }) => id === task_ids[0]);
      priorities.push(task?.priority);
    }
    expect(priorities).toEqual([4, 3, 3, 2, 2]);
  });

  test("is all or nothing: 429 where the queue has no room", async () => {
    await source("prefetch-full", { rate_limit: { per_minute: 1 }, max_queue: 3 });
    await fetchKey("prefetch-full");
    const keys = ["a", "b", "c", "d"].map((city) => ({ city }));
    const response = await prefetch("prefetch-full", { keys });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("Retry-After"))).toBeWithin(30, 62);
    expect(await tasksOf("prefetch-full")).toHaveLength(1);
    expect((await prefetch("prefetch-full", { keys: keys.slice(1) })).status).toBe(202);
  });

  test("takes ten thousand keys", async () => {
    await source("prefetch-many", { rate_limit: { per_minute: 1 } });
    const keys = Array.from({ length: 10_000 }, (_, n) => `/weather/${n}`);
    const response = await prefetch("prefetch-many", { keys });
    const { task_ids, enqueued } = await jsonOf(response);
    expect([response.status, task_ids.length, enqueued]).toEqual([202, 10_000, 10_000]);
  });

  test.each([
    ["no body field", {}, "keys"],
    ["no key", { keys: [] }, "keys"],
    ["10,001 keys", { keys: Array(10_001).fill(OSLO) }, "keys"],
    ["one bad key among many", { keys: [OSLO, "/other", OSLO] }, "keys[1]"],
    ["a key that climbs", { keys: [OSLO, "/weather/.."] }, "keys[1]"],
    ["params of another template", { keys: [{ town: "Oslo" }] }, "keys[0]"],
    ["an unknown priority", { keys: [OSLO], priority: "urgent" }, "priority"],
    ["an unknown field", { keys: [OSLO], urgent: true }, "urgent"],
  ])("%s: 422 naming the field, and nothing queued", async (name, body, field) => {
    const id = `bad-${Bun.hash(name)}`;
    await source(id);
    const response = await prefetch(id, body);
    expect(response.status).toBe(422);
    expect((await jsonOf(response)).errors[0].field).toBe(field);
    expect(await tasksOf(id)).toEqual([]);
  });
});

describe("POST …/{key}/invalidate", () => {
  test("removes the entry: 204 and how many there were", async () => {
    await source("invalidate");
    await fetchKey("invalidate");
    const deleted = [];
    for (let times = 0; times < 2; times++) {
      const response = await act("invalidate", "invalidate");
      expect([response.status, await response.text()]).toEqual([204, ""]);
      deleted.push(response.headers.get("X-UC-Deleted"));
    }
    expect(deleted).toEqual(["1", "0"]);
    expect((await readCached("invalidate")).status).toBe(404);
  });

  test("softly, leaves it as a fallback", async () => {
    const next = await readInTime(async (attempt) => {
      const id = `soft-${attempt}`;
      await source(id);
      await fetchKey(id);
      const response = await act(id, "invalidate?soft=1");
      expect(response.headers.get("X-UC-Deleted")).toBe("1");
      const cached = await readCached(id);
      expect(cached.headers.get("X-UC-Cache")).toBe("STALE");
      answers.set(id, OTHER);
      return id;
    });
    expect(next.headers.get("X-UC-Cache")).toBe("MISS");
    expect((await jsonOf(next)).data).toEqual({ n: 2 });
  });

  test("softly, is nothing where the entry has expired", async () => {
    await source("soft-expired", { stale_if_error_s: 0, stale_while_revalidate_s: 0 });
    await fetchKey("soft-expired");
    await service.age(HOUR);
    for (const action of ["invalidate?soft=1", "invalidate"]) {
      const response = await act("soft-expired", action);
      expect(response.headers.get("X-UC-Deleted")).toBe("0");
    }
  });

  test.each(["invalidate", "invalidate?soft=1"])(
    "%s: an answer whose call began before never comes in",
    async (action) => {
      const id = `during-${action.length}`;
      const held = heldAnswer();
      await source(id);
      await fetchKey(id);
      answers.set(id, held.answer(json({ n: "old" })));
      await act(id, "refresh");
      await eventually(
        async () => callsOf(id).length,
        (calls) => calls === 2,
      );
      await act(id, action);
      answers.set(id, json({ n: "new" }));
      held.open();
      await weather.settled(id);
      expect(await valueOf(id)).toBe("new");
      expect(callsOf(id)).toHaveLength(3);
    },
  );

  test("leaves a queued refresh in the queue", async () => {
    await source("queued", { rate_limit: { per_minute: 1 } });
    await fetchKey("queued");
    await act("queued", "refresh");
    await act("queued", "invalidate");
    const [, task] = await tasksOf("queued");
    expect(task?.state).toBe("queued");
  });

  test("soft=maybe: 422, and nothing changed", async () => {
    await source("soft-maybe");
    await fetchKey("soft-maybe");
    expect((await act("soft-maybe", "invalidate?soft=maybe")).status).toBe(422);
    expect(await valueOf("soft-maybe")).toBe(1);
  });
});

describe("DELETE /api/v1/tasks/{task_id}", () => {
  const cancel = (id: string) =>
    service.request(`/api/v1/tasks/${id}`, { method: "DELETE" });

  test("ends a queued task as cancelled", async () => {
    await source("cancel", { rate_limit: { per_minute: 1 } });
    await fetchKey("cancel");
    const { task_id } = await jsonOf(await act("cancel", "refresh"));
    const response = await cancel(task_id);
    expect(response.status).toBe(200);
    expect(await jsonOf(response)).toMatchObject({
      task_id,
      state: "failed",
      progress: 1,
      error: { code: "CANCELLED" },
    });
    const again = await cancel(task_id);
    expect([again.status, (await jsonOf(again)).code]).toEqual([409, "TASK_NOT_QUEUED"]);
  });

  test("of a running task: 409, and it goes on", async () => {
    const held = heldAnswer();
    await source("cancel-running");
    answers.set("cancel-running", held.answer(OTHER));
    const { task_id } = await jsonOf(await read("cancel-running"));
    await eventually(
      async () => callsOf("cancel-running").length,
      (calls) => calls === 1,
    );
    expect((await cancel(task_id)).status).toBe(409);
    held.open();
    await weather.settled("cancel-running");
    expect(await valueOf("cancel-running")).toBe(2);
  });

  test.each(["t_0", `t_${"0".repeat(32)}`])(
    "of %s, which is unknown: 404",
    async (id) => {
      expect((await cancel(id)).status).toBe(404);
    },
  );
});

describe("a source that is unknown", () => {
  test.each([
    ["POST", pathOf("nobody").concat("/refresh"), undefined],
    ["POST", pathOf("nobody").concat("/invalidate"), undefined],
    ["POST", "/api/v1/cache/nobody/prefetch", { keys: [OSLO] }],
  ])("%s %s: 404", async (method, path, body) => {
    const response =
      body === undefined
        ? await service.request(path, { method })
        : await service.send(method, path, body);
    expect([response.status, (await jsonOf(response)).code]).toEqual([
      404,
      "SOURCE_NOT_FOUND",
    ]);
  });
});
