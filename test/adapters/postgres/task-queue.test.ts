import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { isTaskId, PRIORITY } from "../../../src/domain/refresh/task.ts";
import type { Source } from "../../../src/domain/source/source.ts";
import { EntryStore } from "../../../src/services/entry/entry-store.ts";
import { CallQuota } from "../../../src/services/quota/call-quota.ts";
import {
  type Claimed,
  type EnqueueOptions,
  QueueHasNoRoom,
  TaskQueue,
} from "../../../src/services/refresh/task-queue.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { eventually } from "../../support/service.ts";
import { entryAt, idIn, insertSource, sourceOf } from "./sources.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;
let other: TestStore;

/** Two processes on one database. */
beforeAll(async () => {
  store = await testStore();
  other = await testStore({ address: store.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const newSource = async (changes: Partial<Source> = {}) => {
  const source = sourceOf(crypto.randomUUID(), changes);
  await insertSource(store.sql, source);
  return source;
};
const normal = { priority: PRIORITY.normal, told: true };

const enqueue = (
  source: Source,
  keys: readonly string[],
  options: EnqueueOptions = normal,
) =>
  TaskQueue.use((queue) =>
    queue.enqueue(
      source,
      keys.map((key) => idIn(source, key)),
      options,
    ),
  );
const claim = (source: Source, limit: number) =>
  TaskQueue.use((queue) =>
    Effect.map(queue.claim(source, limit, PRIORITY.adaptive), ({ claimed }) => claimed),
  );
const claimKey = (source: Source, key: string) =>
  TaskQueue.use((queue) => queue.claimKey(source, idIn(source, key), PRIORITY.waiting));
const end = (claimed: Claimed, code?: "UPSTREAM_STATUS") =>
  TaskQueue.use((queue) =>
    queue.end(
      claimed,
      code === undefined ? undefined : { code, detail: "Upstream said no" },
    ),
  );
const find = (id: string) => TaskQueue.use((queue) => queue.find(id));
const queued = (source: Source) =>
  store.run(TaskQueue.use((queue) => queue.queuedUpTo(source, 100_000)));
const standing = async (source: Source, key: string) => {
  const [found] = await store.run(
    EntryStore.use((entries) => entries.standings([idIn(source, key)])),
  );
  return found;
};

/** The one task of `keys` that is claimed next. */
const claimOne = async (source: Source, on = store): Promise<Claimed> => {
  const [claimed] = await on.run(claim(source, 1));
  if (claimed === undefined) throw new Error("Expected a task to claim");
  return claimed;
};

const keysOf = (claims: readonly Claimed[]) => claims.map(({ key }) => key);

describe("TaskQueue.enqueue()", () => {
  test("makes one task per key of fifty who ask at once in two processes", async () => {
    const source = await newSource();

    const asked = await atOnce(50, (index) =>
      (index % 2 === 0 ? store : other).run(enqueue(source, ["/a", "/b"])),
    );

    expect(new Set(asked.map(([a]) => a?.taskId)).size).toBe(1);
    expect(asked.filter(([a]) => a?.made)).toHaveLength(1);
    expect(await queued(source)).toBe(2);
    expect(isTaskId(asked[0]?.[0]?.taskId ?? "")).toBe(true);
  });

  test("answers for each key in the order given", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/c"]));

    const tasks = await store.run(enqueue(source, ["/b", "/c", "/a"]));

    const keys = await Promise.all(
      tasks.map(async ({ taskId }) => (await store.run(find(taskId)))?.key),
    );
    expect(keys).toEqual(["/b", "/c", "/a"]);
    expect(tasks.map(({ made }) => made)).toEqual([true, false, true]);
  });

  test("promotes to the better priority, never to the worse, and keeps the place", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/first"], { priority: PRIORITY.low, told: false }));
    await store.run(
      enqueue(source, ["/second"], { priority: PRIORITY.high, told: false }),
    );

    await store.run(
      enqueue(source, ["/first"], { priority: PRIORITY.high, told: false }),
    );
    await store.run(
      enqueue(source, ["/first"], { priority: PRIORITY.adaptive, told: false }),
    );

    expect(keysOf(await store.run(claim(source, 9)))).toEqual(["/first", "/second"]);
  });

  test("gives the running task where there is one", async () => {
    const source = await newSource();
    const [task] = await store.run(enqueue(source, ["/a"]));
    await claimOne(source);

    const [again] = await store.run(enqueue(source, ["/a"]));

    expect(again).toEqual({ taskId: task?.taskId ?? "", state: "running", made: false });
  });

  test("makes a new task when the one before has ended", async () => {
    const source = await newSource();
    const [first] = await store.run(enqueue(source, ["/a"]));
    await store.run(end(await claimOne(source)));

    const [second] = await store.run(enqueue(source, ["/a"]));

    expect(second).toMatchObject({ made: true, state: "queued" });
    expect(second?.taskId).not.toBe(first?.taskId);
  });

  test("queues all or nothing against max_queue", async () => {
    const source = await newSource({ maxQueue: 5 });
    await store.run(enqueue(source, ["/a", "/b", "/c"]));

    await expect(store.run(enqueue(source, ["/d", "/e", "/f"]))).rejects.toThrow(
      QueueHasNoRoom,
    );
    expect(await queued(source)).toBe(3);
    await store.run(enqueue(source, ["/d", "/a", "/e"]));

    expect(await queued(source)).toBe(5);
  });

  test("is never a task over max_queue, whoever asks at once", async () => {
    const source = await newSource({ maxQueue: 7 });

    const exits = await atOnce(30, (index) =>
      (index % 2 === 0 ? store : other).exit(enqueue(source, [`/${index}`])),
    );

    expect(exits.filter(({ _tag }) => _tag === "Success")).toHaveLength(7);
    expect(await queued(source)).toBe(7);
  });

  test("queues what fits where that is asked for, those that stand first", async () => {
    const source = await newSource({ maxQueue: 3 });
    await store.run(enqueue(source, ["/c"]));
    const keys = ["/a", "/b", "/c", "/d"].map((key) => idIn(source, key));

    const tasks = await store.run(
      TaskQueue.use((queue) => queue.enqueueFitting(source, keys, normal)),
    );

    expect(tasks.map((task) => task?.made)).toEqual([true, true, false, undefined]);
    expect(await queued(source)).toBe(3);
    expect(keysOf(await store.run(claim(source, 9)))).toEqual(["/c", "/a", "/b"]);
  });

  test("promotes in a full queue, and counts no task that runs", async () => {
    const source = await newSource({ maxQueue: 2 });
    await store.run(enqueue(source, ["/a", "/b"]));

    const [promoted] = await store.run(
      enqueue(source, ["/b"], { priority: PRIORITY.high, told: true }),
    );
    expect(promoted?.made).toBe(false);
    expect((await claimOne(source)).key).toBe("/b");

    expect(await store.run(enqueue(source, ["/c"]))).toHaveLength(1);
  });

  test("wakes the workers of every process", async () => {
    const source = await newSource();
    let rings = 0;
    await other.run(TaskQueue.use((queue) => queue.onWork(() => void (rings += 1))));

    await store.run(enqueue(source, ["/a"]));

    await eventually(
      async () => rings,
      (count) => count > 0,
    );
  });

  test("queues ten thousand keys at once", async () => {
    const source = await newSource();
    const keys = Array.from({ length: 10_000 }, (_, index) => `/${index}`);

    const tasks = await store.run(enqueue(source, keys));

    expect(tasks).toHaveLength(10_000);
    expect(await queued(source)).toBe(10_000);
    expect(keysOf(await store.run(claim(source, 3)))).toEqual(["/0", "/1", "/2"]);
  }, 60_000);
});

describe("TaskQueue.claim()", () => {
  test("takes the better priority first, then who came first", async () => {
    const source = await newSource();
    for (const [key, priority] of [
      ["/low", PRIORITY.low],
      ["/normal 1", PRIORITY.normal],
      ["/adaptive", PRIORITY.adaptive],
      ["/waiting", PRIORITY.waiting],
      ["/normal 2", PRIORITY.normal],
      ["/high", PRIORITY.high],
    ] as const) {
      await store.run(enqueue(source, [key], { priority, told: false }));
    }

    const claims = await store.run(claim(source, 9));

    expect(keysOf(claims)).toEqual([
      "/waiting",
      "/high",
      "/normal 1",
      "/normal 2",
      "/low",
      "/adaptive",
    ]);
  });

  test("gives each task to one of many claimers in two processes", async () => {
    const source = await newSource();
    const keys = Array.from({ length: 200 }, (_, index) => `/${index}`);
    await store.run(enqueue(source, keys));

    const claims = await atOnce(60, (index) =>
      (index % 2 === 0 ? store : other).run(claim(source, 7)),
    );

    const taken = keysOf(claims.flat());
    expect(taken).toHaveLength(200);
    expect(new Set(taken).size).toBe(200);
  });

  test("takes none of another source, nor of one that was here before under the id", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"]));
    await store.run(enqueue(await newSource(), ["/b"]));

    expect(await store.run(claim({ ...source, epoch: source.epoch + 1 }, 9))).toEqual([]);
    expect(keysOf(await store.run(claim(source, 9)))).toEqual(["/a"]);
  });

  test("brings what is stored, and the number of the last change", async () => {
    const source = await newSource();
    const stored = entryAt(idIn(source, "/a"), { headers: [["etag", '"up"']] });
    await store.run(EntryStore.use((entries) => entries.save(stored, 0)));
    const { seq } = await store.run(
      EntryStore.use((entries) =>
        entries.purge({ _tag: "Key", space: stored.space, key: "/other" }),
      ),
    );
    await store.run(enqueue(source, ["/a", "/absent"]));

    const [first, second] = await store.run(claim(source, 2));

    expect(first).toMatchObject({
      sinceSeq: seq,
      stored: { status: 200, etag: stored.etag, headers: [["etag", '"up"']] },
    });
    expect(second?.stored).toBeUndefined();
  });

  test("leaves the tasks where they were when the transaction around it fails", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"]));

    await store.exit(
      Transaction.use(({ together }) =>
        together("test", Effect.andThen(claim(source, 1), Effect.fail("no"))),
      ),
    );

    expect(keysOf(await store.run(claim(source, 1)))).toEqual(["/a"]);
  });
});

describe("TaskQueue.claimKey()", () => {
  test("lets one of fifty take a key that was not queued", async () => {
    const source = await newSource();

    const claims = await atOnce(50, (index) =>
      (index % 2 === 0 ? store : other).run(claimKey(source, "/a")),
    );

    expect(claims.filter(({ _tag }) => _tag === "Claimed")).toHaveLength(1);
  });

  test("takes the task that is queued, wherever it stands", async () => {
    const source = await newSource();
    const [, , task] = await store.run(enqueue(source, ["/a", "/b", "/c"]));

    const claimed = await store.run(claimKey(source, "/c"));

    expect(claimed).toMatchObject({ claimed: { taskId: task?.taskId ?? "" } });
    expect(keysOf(await store.run(claim(source, 9)))).toEqual(["/a", "/b"]);
  });
});

describe("A claim by a definition of the source that is not in force", () => {
  const touch = (source: Source) => store.sql`
    update sources set updated_at = updated_at + 1 where id = ${source.id}`;
  const head = async () => {
    const [row] = await store.sql<{ seq: number }[]>`select seq from change_head`;
    return row?.seq ?? -1;
  };
  const claims = (source: Source, limit: number) =>
    store.run(TaskQueue.use((queue) => queue.claim(source, limit, PRIORITY.adaptive)));

  test("takes nothing, and tells which change to learn; the definition in force takes all", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a", "/b"]));
    await touch(source);

    const seq = await head();
    const none = { claimed: [], needless: [], changedBy: seq, awaited: 0 };
    expect(await claims(source, 9)).toMatchObject(none);
    expect(await store.run(claimKey(source, "/a"))).toEqual({ _tag: "Changed", seq });
    expect(await store.run(claimKey(source, "/c"))).toEqual({ _tag: "Changed", seq });
    expect(await queued(source)).toBe(2);

    const inForce = { ...source, updatedAt: source.updatedAt + 1 };
    const taken = await claims(inForce, 9);
    expect(taken.changedBy).toBeUndefined();
    expect(keysOf(taken.claimed)).toEqual(["/a", "/b"]);
    expect(await store.run(claimKey(inForce, "/c"))).toMatchObject({ _tag: "Claimed" });
  });

  test("takes nothing of a source that is gone, or that was made again", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"]));
    await store.sql`update sources set epoch = epoch + 1 where id = ${source.id}`;
    expect(await store.run(claimKey(source, "/a"))).toMatchObject({ _tag: "Changed" });
    expect((await claims(source, 9)).changedBy).toBeDefined();

    await store.sql`delete from sources where id = ${source.id}`;

    expect(await store.run(claimKey(source, "/a"))).toMatchObject({ _tag: "Changed" });
    expect((await claims(source, 9)).changedBy).toBeDefined();
  });

  test("that became so while it waited for the quota spends no call", async () => {
    const source = await newSource();
    const limit = { perMinute: 5 };
    await store.run(enqueue(source, ["/a"]));
    const spent = await store.run(
      CallQuota.use(({ spend }) =>
        spend(source.id, limit, 1, () =>
          Effect.promise(() => touch(source)).pipe(
            Effect.andThen(claim(source, 1)),
            Effect.map(({ length }) => length),
          ),
        ),
      ),
    );

    expect(spent).toMatchObject({ used: 0, ticket: undefined });
    expect(await queued(source)).toBe(1);
  });
});

describe("TaskQueue.end()", () => {
  test("keeps a task whose id was given out, and tells how it ended", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/good", "/bad"]));
    const [good, bad] = await store.run(claim(source, 2));
    if (good === undefined || bad === undefined) throw new Error("Expected two tasks");

    expect(await store.run(end(good))).toBe(true);
    expect(await store.run(end(bad, "UPSTREAM_STATUS"))).toBe(true);

    expect(await store.run(find(good.taskId))).toMatchObject({
      id: good.taskId,
      sourceId: source.id,
      key: "/good",
      state: "succeeded",
      error: undefined,
      endedAt: expect.any(Number),
    });
    expect(await store.run(find(bad.taskId))).toMatchObject({
      state: "failed",
      error: { code: "UPSTREAM_STATUS", detail: "Upstream said no" },
    });
  });

  test("forgets a task nobody was told of", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"], { priority: PRIORITY.normal, told: false }));
    const claimed = await claimOne(source);

    expect(await store.run(end(claimed))).toBe(true);

    expect(await store.run(find(claimed.taskId))).toBeUndefined();
  });

  test("keeps one that somebody was told of while it ran", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"], { priority: PRIORITY.normal, told: false }));
    const claimed = await claimOne(source);
    await store.run(enqueue(source, ["/a"]));

    await store.run(end(claimed));

    expect(await store.run(find(claimed.taskId))).toMatchObject({ state: "succeeded" });
  });

  test("rests 10 seconds after a failure, doubling to 5 minutes, until a success", async () => {
    const source = await newSource();
    const rests: (number | undefined)[] = [];
    const run = async (code?: "UPSTREAM_STATUS") => {
      await store.run(enqueue(source, ["/a"]));
      await store.run(end(await claimOne(source), code));
      const failure = (await standing(source, "/a"))?.failure;
      rests.push(failure && failure.until - failure.failedAt);
    };

    for (let failures = 0; failures < 7; failures++) await run("UPSTREAM_STATUS");
    await run();
    await run("UPSTREAM_STATUS");

    expect(rests).toEqual([
      10_000,
      20_000,
      40_000,
      80_000,
      160_000,
      300_000,
      300_000,
      undefined,
      10_000,
    ]);
  });

  test("ends nothing for a process whose lease was lost", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"]));
    const lost = await claimOne(source);
    await store.sql`update tasks set lease_until = 0 where id = ${lost.taskId}`;
    await store.run(TaskQueue.use((queue) => queue.reclaim));
    await claimOne(source, other);

    expect(await store.run(end(lost, "UPSTREAM_STATUS"))).toBe(false);

    expect(await store.run(find(lost.taskId))).toMatchObject({ state: "running" });
    expect((await standing(source, "/a"))?.failure).toBeUndefined();
  });
});

describe("TaskQueue.reclaim", () => {
  const reclaim = TaskQueue.use((queue) => queue.reclaim);

  test("queues again what a lost worker left, in its place, and nothing else", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/lost", "/kept", "/later"]));
    const [lost, kept] = await store.run(claim(source, 2));
    await store.sql`update tasks set lease_until = 0 where id = ${lost?.taskId ?? ""}`;

    const counts = await atOnce(5, () => other.run(reclaim));

    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(await store.run(find(kept?.taskId ?? ""))).toMatchObject({ state: "running" });
    expect(keysOf(await other.run(claim(source, 9)))).toEqual(["/lost", "/later"]);
  });

  test("takes nothing whose lease was renewed", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"]));
    const { taskId } = await claimOne(source);
    await store.sql`update tasks set lease_until = 0 where id = ${taskId}`;

    await store.run(TaskQueue.use((queue) => queue.renewLeases([taskId])));
    await other.run(reclaim);

    expect(await store.run(find(taskId))).toMatchObject({ state: "running" });
  });

  test("leaves no lease to be renewed by who lost it", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a"]));
    const { taskId } = await claimOne(source);
    await store.sql`update tasks set lease_until = 0 where id = ${taskId}`;
    await other.run(reclaim);
    await claimOne(source, other);
    await store.sql`update tasks set lease_until = 0 where id = ${taskId}`;

    await store.run(TaskQueue.use((queue) => queue.renewLeases([taskId])));

    expect(await other.run(reclaim)).toBe(1);
  });
});

describe("TaskQueue.putBack()", () => {
  test("gives the task its old place", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a", "/b", "/c"]));
    const { taskId } = await claimOne(source);

    await store.run(TaskQueue.use((queue) => queue.putBack([taskId])));

    expect(keysOf(await store.run(claim(source, 9)))).toEqual(["/a", "/b", "/c"]);
  });

  test("takes nothing from another process, and nothing that has ended", async () => {
    const source = await newSource();
    await store.run(enqueue(source, ["/a", "/b"]));
    const running = await claimOne(source, other);
    const ended = await claimOne(source);
    await store.run(end(ended));

    await store.run(
      TaskQueue.use((queue) => queue.putBack([running.taskId, ended.taskId])),
    );

    expect(await store.run(find(running.taskId))).toMatchObject({ state: "running" });
    expect(await store.run(find(ended.taskId))).toMatchObject({ state: "succeeded" });
  });
});

describe("TaskQueue.cancelAll()", () => {
  test("ends what is queued for the source, and leaves what runs and what others have", async () => {
    const [source, neighbour] = [await newSource(), await newSource()];
    const [running, queuedTask] = await store.run(
      enqueue(source, ["/running", "/queued"]),
    );
    await claimOne(source);
    const [untold] = await store.run(
      enqueue(source, ["/untold"], { priority: PRIORITY.low, told: false }),
    );
    const [others] = await store.run(enqueue(neighbour, ["/a"]));

    await store.run(TaskQueue.use((queue) => queue.cancelAll(source.id)));

    const states = await Promise.all(
      [running, queuedTask, untold, others].map(async (task) => {
        const found = await store.run(find(task?.taskId ?? ""));
        return [found?.state, found?.error?.code];
      }),
    );
    expect(states).toEqual([
      ["running", undefined],
      ["failed", "CANCELLED"],
      [undefined, undefined],
      ["queued", undefined],
    ]);
  });
});

describe("TaskQueue.placeOf()", () => {
  test("counts who stands before, up to a bound", async () => {
    const source = await newSource();
    const tasks = await store.run(enqueue(source, ["/a", "/b", "/c", "/d"]));
    await store.run(
      enqueue(source, ["/urgent"], { priority: PRIORITY.high, told: true }),
    );

    const places = await Promise.all(
      tasks.map(({ taskId }) =>
        store.run(TaskQueue.use((queue) => queue.placeOf(taskId, 3))),
      ),
    );

    expect(places).toEqual([1, 2, 3, 3]);
  });
});

describe("TaskQueue.find()", () => {
  test("finds no task that never was", async () => {
    expect(await store.run(find("t_never"))).toBeUndefined();
  });

  test("shows when it was queued and started", async () => {
    const source = await newSource();
    const [task] = await store.run(enqueue(source, ["/a"]));

    const before = await store.run(find(task?.taskId ?? ""));
    await claimOne(source);
    const after = await store.run(find(task?.taskId ?? ""));

    expect(before).toMatchObject({ state: "queued", startedAt: undefined });
    expect(after?.startedAt).toBeGreaterThanOrEqual(before?.queuedAt ?? Infinity);
  });
});
