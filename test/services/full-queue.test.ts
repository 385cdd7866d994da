import { afterAll, describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { PRIORITY } from "../../src/domain/refresh/task.ts";
import { RefreshRequests } from "../../src/services/refresh/refresh-requests.ts";
import { testService } from "../support/service.ts";
import { TaskQueue } from "../../src/services/refresh/task-queue.ts";
import { refreshedSource } from "./refreshing.ts";

const service = await testService({ worker: "off" });
afterAll(() => service[Symbol.asyncDispose]());

const options = { priority: PRIORITY.high, told: true };
const paths = (count: number) => Array.from({ length: count }, (_, n) => `/${n}`);

/** How many transactions have written or locked something so far, this one included. */
const transactions = async () => {
  const [row] = await service.sql<{ xid: string }[]>`select pg_current_xact_id() as xid`;
  return Number(row?.xid);
};

describe("RefreshRequests.ask() with a full queue", () => {
  test("refuses 200 at once in a few transactions, but whose task is queued", async () => {
    const source = await refreshedSource(service, "http://127.0.0.1:1", { max_queue: 2 });
    await source.enqueue("/0", "/1");
    const before = await transactions();

    const asked = await service.run(
      Effect.forEach(
        paths(200),
        (key) =>
          RefreshRequests.use(({ ask }) =>
            Effect.result(ask(source.known.source, source.idOf(key), options)),
          ),
        { concurrency: "unbounded" },
      ),
    );

    const outcomes = asked.map((one) =>
      Result.isFailure(one) ? one.failure._tag : one.success.state,
    );
    expect(outcomes.slice(0, 2)).toEqual(["queued", "queued"]);
    expect(new Set(outcomes.slice(2))).toEqual(new Set(["QueueFull"]));
    expect((await transactions()) - before).toBeLessThan(20);
  });
});

describe("a read of many keys with a full queue", () => {
  test("tells the task of a key that has one, whoever asked for it", async () => {
    const source = await refreshedSource(service, "http://127.0.0.1:1", { max_queue: 2 });
    const enqueue = TaskQueue.use((queue) =>
      queue.enqueue(source.known.source, ["/0", "/1"].map(source.idOf), {
        priority: PRIORITY.normal,
        told: false,
      }),
    );
    const tasks = await service.run(enqueue);

    const answer = await service.send("POST", `/api/v1/cache/${source.id}/batch-get`, {
      keys: ["/2", "/1"],
    });

    const { items } = (await answer.json()) as {
      items: { meta: { task_id?: string } }[];
    };
    expect(items.map(({ meta }) => meta.task_id)).toEqual([undefined, tasks[1]?.taskId]);
  });
});
