import { afterAll, describe, expect, test } from "bun:test";
import { json } from "../support/counting-upstream.ts";
import { eventually, jsonOf } from "../support/service.ts";
import { timed } from "../support/moving-clock.ts";
import {
  heldAnswer,
  MINUTE,
  MOST_ATTEMPTS,
  OSLO,
  SECOND,
  weatherService,
} from "./weather.ts";

/** What a reader hears who waited while the key, its task or its source changed. */
const weather = await weatherService();
const { act, answers, callsOf, fetchKey, read, readCached, service, source, tasksOf } =
  weather;
afterAll(() => weather[Symbol.asyncDispose]());

const WAIT = { "X-UC-Wait": "1" };
const BYPASS = { "X-UC-Bypass-Cache": "1" };
/** Longer than any answer here may take. */
const LONG = { ...WAIT, Prefer: "wait=30" };
const ONE_CALL = { rate_limit: { per_minute: 1 } };

/** The unfinished task of `key`, once it goes before all others. */
const waitedFor = async (id: string, key = OSLO) => {
  const isIt = (task: { key: string; priority: number; state: string }) =>
    task.key === key && task.priority === 1 && task.state === "queued";
  const tasks = await eventually(
    () => tasksOf(id),
    (all) => all.some(isIt),
  );
  const task = tasks.find(isIt);
  if (task === undefined) throw new Error("Expected the task");
  return task;
};
const cancel = (taskId: string) =>
  service.request(`/api/v1/tasks/${taskId}`, { method: "DELETE" });

const LATE_SECONDS = 2;

/**
 * What a reader hears at the deadline who begins to wait once `prepare` is done, and for whom
 * `change` is made meanwhile. Where that took longer than the wait, it is done anew.
 */
async function heardAtDeadline(
  name: string,
  headers: Record<string, string>,
  prepare: (id: string) => Promise<unknown>,
  change: (id: string) => Promise<unknown>,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const id = `${name}-${attempt}`;
    await source(id, ONE_CALL);
    await prepare(id);
    const since = performance.now();
    const reading = read(id, { ...headers, Prefer: `wait=${LATE_SECONDS}` });
    await waitedFor(id);
    await change(id);
    const took = performance.now() - since;
    const response = await reading;
    if (took < LATE_SECONDS * SECOND || attempt === MOST_ATTEMPTS) return response;
  }
}

describe("at the deadline of a wait", () => {
  const becomesOld = () => service.age(15 * MINUTE);

  test("an entry that is stale by now is called so", async () => {
    const headers = { ...BYPASS, ...WAIT };
    const stored = (id: string) => fetchKey(id);
    const response = await heardAtDeadline("late-stale", headers, stored, becomesOld);
    expect([response.status, response.headers.get("X-UC-Cache")]).toEqual([200, "STALE"]);
  });

  test("an entry that has expired is not served", async () => {
    const headers = { ...BYPASS, ...WAIT };
    const stored = async (id: string) => {
      answers.set(id, json({ no: "such city" }, 404));
      expect((await fetchKey(id)).headers.get("X-UC-Cache")).toBe("HIT");
    };
    const response = await heardAtDeadline("late-expired", headers, stored, becomesOld);
    expect([response.status, (await jsonOf(response)).state]).toEqual([202, "queued"]);
  });

  test("an entry that was invalidated is not served", async () => {
    const stale = async (id: string) => {
      await fetchKey(id);
      await becomesOld();
    };
    const invalidate = async (id: string) => {
      const removed = await act(id, "invalidate");
      expect(removed.headers.get("X-UC-Deleted")).toBe("1");
    };
    const response = await heardAtDeadline("late-invalid", WAIT, stale, invalidate);
    expect(response.status).toBe(202);
  });

  test("the task that is told is one that goes on", async () => {
    let told = "";
    const queued = async (id: string) => {
      await fetchKey(id, "/weather/first");
      told = (await jsonOf(await read(id))).task_id;
    };
    const response = await heardAtDeadline("late-task", WAIT, queued, () => cancel(told));
    const { task_id, state } = await jsonOf(response);
    expect(task_id).not.toBe(told);
    const task = await jsonOf(await service.request(`/api/v1/tasks/${task_id}`));
    expect([state, task.state]).toEqual(["queued", "queued"]);
  });
});

describe("a reader who waits hears within two seconds", () => {
  test("that the task was cancelled", async () => {
    await source("hears-cancel", ONE_CALL);
    await fetchKey("hears-cancel", "/weather/first");
    const reading = read("hears-cancel", LONG);
    const task = await waitedFor("hears-cancel");
    expect((await cancel(task.id)).status).toBe(200);
    const { value: response, millis } = await timed(service, () => reading);
    expect(response.status).toBe(202);
    expect(millis).toBeLessThan(2_000);
  });

  test("that the source was deleted: 404", async () => {
    await source("hears-delete", ONE_CALL);
    await fetchKey("hears-delete", "/weather/first");
    const reading = read("hears-delete", LONG);
    await waitedFor("hears-delete");
    const path = "/api/v1/sources/hears-delete";
    expect((await service.request(path, { method: "DELETE" })).status).toBe(204);
    const { value: response, millis } = await timed(service, () => reading);
    expect([response.status, (await jsonOf(response)).code]).toEqual([
      404,
      "SOURCE_NOT_FOUND",
    ]);
    expect(millis).toBeLessThan(2_000);
  });

  test("what another process stored, though the news of it was lost", async () => {
    await source("hears-late", ONE_CALL);
    await fetchKey("hears-late", "/weather/first");
    const reading = read("hears-late", LONG);
    const task = await waitedFor("hears-late");
    await storeSilently(task.id);
    const { value: response, millis } = await timed(service, () => reading);
    expect([response.status, (await jsonOf(response)).data]).toEqual([200, { n: 1 }]);
    expect(millis).toBeLessThan(2_000);
  });
});

/** Stores for a task what its source's other key has, and ends it, as a process does that dies before it can tell. */
const storeSilently = (taskId: string) =>
  service.sql.begin(async (sql) => {
    await sql`
      insert into entries (space, key, key_hash, status, headers, content_type, encoding,
        body, etag, params, stored_at, fresh_until, stale_until, fallback_until,
        request_at, response_at)
      select t.space, t.key, t.key_hash, e.status, e.headers, e.content_type, e.encoding,
        e.body, e.etag, e.params, uc_now(), e.fresh_until, e.stale_until,
        e.fallback_until, uc_now(), uc_now()
      from tasks t join entries e on e.space = t.space where t.id = ${taskId}`;
    await sql`delete from tasks where id = ${taskId}`;
  });

describe("during the back-off after a failure", () => {
  test("a reader who waits joins the refresh that is under way all the same", async () => {
    const held = heldAnswer();
    await source("rest-joined");
    answers.set("rest-joined", json({ error: "no" }, 400));
    expect((await read("rest-joined", WAIT)).status).toBe(502);
    answers.set("rest-joined", held.answer(json({ n: 2 })));
    const bypassing = read("rest-joined", BYPASS);
    await eventually(
      async () => callsOf("rest-joined").length,
      (calls) => calls === 2,
    );
    const reading = read("rest-joined", LONG);
    await waitsFor("rest-joined");
    held.open();
    const response = await reading;
    expect([response.status, (await jsonOf(response)).data]).toEqual([200, { n: 2 }]);
    expect((await bypassing).status).toBe(200);
    expect(callsOf("rest-joined")).toHaveLength(2);
  });
});

/** Until somebody has joined the running refresh of the source. */
const waitsFor = (id: string) =>
  eventually(
    () => tasksOf(id),
    (tasks) => tasks.some(({ state, priority }) => state === "running" && priority === 1),
  );

describe("a bypass that shares a call which the upstream refuses", () => {
  test("answers with what there is, at once", async () => {
    const held = heldAnswer();
    await source("shared-refused", { timeout_ms: 20_000 });
    await fetchKey("shared-refused");
    const refusal = json({}, 429, { "retry-after": "60" });
    answers.set("shared-refused", held.answer(refusal));
    await act("shared-refused", "refresh");
    await eventually(
      async () => callsOf("shared-refused").length,
      (calls) => calls === 2,
    );
    const reading = read("shared-refused", BYPASS);
    await waitsFor("shared-refused");
    held.open();
    const { value: response, millis } = await timed(service, () => reading);
    expect([response.status, response.headers.get("X-UC-Cache")]).toEqual([200, "HIT"]);
    expect(millis).toBeLessThan(2_000);
    expect((await readCached("shared-refused")).status).toBe(200);
  }, 60_000);
});
