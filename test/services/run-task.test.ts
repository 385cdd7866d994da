import { describe, expect, test } from "bun:test";
import { Effect, Fiber } from "effect";
import { EntryStore } from "../../src/services/entry/entry-store.ts";
import { loadEntry } from "../../src/services/entry/load-entry.ts";
import { runTask } from "../../src/services/refresh/run-task.ts";
import { json } from "../support/counting-upstream.ts";
import { type RefreshedSource, refreshing, running, textOf } from "./refreshing.ts";

const { service, upstream, sourceWith } = await refreshing();

/** The upstream answers only when the test lets it; `called` resolves when it was asked. */
function heldAnswer(body: unknown) {
  const called = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  upstream.answer((request, response) => {
    called.resolve();
    void release.promise.then(() => json(body)(request, response));
  });
  return { called: called.promise, release: () => release.resolve() };
}

const purgeKey = (source: RefreshedSource, key: string) =>
  service.run(
    EntryStore.use((entries) => entries.purge({ _tag: "Key", ...source.idOf(key) })),
  );

/** The task of `key`, told of, and claimed. */
async function claimed(source: RefreshedSource, key: string) {
  const [taskId = ""] = await source.enqueue(key);
  return { taskId, claim: await source.claim(key) };
}

describe("runTask()", () => {
  test("stores the answer and ends the task", async () => {
    const source = await sourceWith();
    const { taskId, claim } = await claimed(source, "/a");

    expect(await source.run(claim)).toBe("Updated");

    expect(textOf(await source.stored("/a"))).toBe('{"n":1}');
    expect(await source.task(taskId)).toMatchObject({
      state: "succeeded",
      error: undefined,
    });
  });

  test("has readers of this process served the new value from then on", async () => {
    const source = await sourceWith();
    const read = async () => {
      const loaded = await service.run(loadEntry(source.idOf("/a")));
      return loaded._tag === "Held" ? textOf(loaded.held.entry) : loaded._tag;
    };
    await source.run(await source.claim("/a"));
    expect(await read()).toBe('{"n":1}');
    upstream.answer(json({ n: 2 }));

    await source.run(await source.claim("/a"));

    expect(await read()).toBe('{"n":2}');
  });

  test("fails the task of a failed refresh and leaves the old value", async () => {
    const source = await sourceWith();
    await source.run(await source.claim("/a"));
    upstream.answer(json({}, 400));
    const { taskId, claim } = await claimed(source, "/a");

    expect(await source.run(claim)).toBe("Failed");

    expect(textOf(await source.stored("/a"))).toBe('{"n":1}');
    expect(await source.task(taskId)).toMatchObject({
      state: "failed",
      error: { code: "UPSTREAM_STATUS" },
    });
  });

  test("throws an answer away that a purge has outdated, and fetches anew", async () => {
    const source = await sourceWith();
    const held = heldAnswer({ n: "old" });
    const { taskId, claim } = await claimed(source, "/a");
    const run = source.run(claim);
    await held.called;

    await purgeKey(source, "/a");
    held.release();

    expect(await run).toBe("Waiting");
    expect(await source.stored("/a")).toBeUndefined();
    expect(await source.task(taskId)).toMatchObject({ state: "queued" });

    upstream.answer(json({ n: "new" }));
    expect(await source.run(await source.claim("/a"))).toBe("Updated");
    expect(textOf(await source.stored("/a"))).toBe('{"n":"new"}');
    expect(await source.task(taskId)).toMatchObject({ state: "succeeded" });
  });

  test("renews nothing that a purge has outdated, and fetches anew", async () => {
    const source = await sourceWith();
    upstream.answer(json({ n: 1 }, 200, { etag: '"up"' }));
    await source.run(await source.claim("/a"));
    const called = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    upstream.answer((request, response) => {
      called.resolve();
      void release.promise.then(() => json({}, 304)(request, response));
    });

    const run = source.run(await source.claim("/a"));
    await called.promise;
    await purgeKey(source, "/a");
    release.resolve();

    expect(await run).toBe("Waiting");
    expect(await source.stored("/a")).toBeUndefined();
    upstream.answer(json({ n: 2 }));
    await source.run(await source.claim("/a"));
    expect(upstream.calls.at(-1)?.headers["if-none-match"]).toBeUndefined();
    expect(textOf(await source.stored("/a"))).toBe('{"n":2}');
  });

  test("takes the answer when another key was purged", async () => {
    const source = await sourceWith();
    const held = heldAnswer({ n: 1 });
    const run = source.run(await source.claim("/a"));
    await held.called;

    await purgeKey(source, "/b");
    held.release();

    expect(await run).toBe("Updated");
  });

  test("stores nothing for a source that was deleted meanwhile", async () => {
    const source = await sourceWith();
    const held = heldAnswer({ n: 1 });
    const { taskId, claim } = await claimed(source, "/a");
    const run = source.run(claim);
    await held.called;

    const deleted = await service.request(`/api/v1/sources/${source.id}`, {
      method: "DELETE",
    });
    held.release();

    expect(deleted.status).toBe(204);
    expect(await run).toBe("Waiting");
    expect(await source.stored("/a")).toBeUndefined();
    expect(await source.task(taskId)).not.toMatchObject({ state: "succeeded" });
  });

  test("stores the answer once the store is back", async () => {
    const source = await sourceWith();
    const locked = Promise.withResolvers<void>();
    const held = heldAnswer({ n: 1 });
    const { taskId, claim } = await claimed(source, "/a");
    const run = source.run(claim);
    await held.called;

    // For 5 seconds no statement on entries comes through: the first tries fail.
    const holding = service.sql.begin(async (sql) => {
      await sql`lock table entries`;
      locked.resolve();
      await sql`select pg_sleep(5)`;
    });
    await locked.promise;
    held.release();

    expect(await run).toBe("Updated");
    await holding;
    expect(upstream.calls).toHaveLength(1);
    expect(await source.task(taskId)).toMatchObject({ state: "succeeded" });
  }, 60_000);

  test("puts the task back when the upstream refuses calls for now", async () => {
    upstream.answer(json({}, 429, { "retry-after": "60" }));
    const source = await sourceWith();
    const { taskId, claim } = await claimed(source, "/a");

    expect(await source.run(claim)).toBe("Waiting");

    expect(await source.task(taskId)).toMatchObject({
      state: "queued",
      error: undefined,
    });
  });

  test("puts the task back when it is interrupted", async () => {
    const source = await sourceWith();
    const held = heldAnswer({ n: 1 });
    const { taskId, claim } = await claimed(source, "/a");

    await service.run(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(running(source.known, claim));
        yield* Effect.promise(() => held.called);
        yield* Fiber.interrupt(fiber);
      }),
    );

    expect(await source.task(taskId)).toMatchObject({ state: "queued" });
    held.release();
  });

  test("ends a task that meets a bug", async () => {
    const source = await sourceWith();
    const { taskId, claim } = await claimed(source, "/a");

    const end = await service.run(
      runTask(source.known, claim, Effect.die(new Error("bug"))),
    );

    expect(end).toBe("Failed");
    expect(await source.task(taskId)).toMatchObject({ state: "failed" });
    expect((await source.task(taskId)).error.detail).not.toContain("bug");
  });
});
