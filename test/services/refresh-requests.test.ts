import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { PRIORITY } from "../../src/domain/refresh/task.ts";
import { spaceOf, type Source } from "../../src/domain/source/source.ts";
import { RefreshRequests } from "../../src/services/refresh/refresh-requests.ts";
import { SourceDirectory } from "../../src/services/source/source-directory.ts";
import { eventually, type TestService, testService } from "../support/service.ts";

let service: TestService;
const options = { priority: PRIORITY.high, told: true };

beforeAll(async () => {
  service = await testService({ worker: "off" });
});
afterAll(() => service[Symbol.asyncDispose]());

async function madeSource(id: string, maxQueue: number): Promise<Source> {
  await service.send("POST", "/api/v1/sources", {
    id,
    base_url: "http://127.0.0.1:1",
    key_template: "/{{path*}}",
    max_queue: maxQueue,
  });
  const known = await eventually(
    () => service.run(Effect.map(SourceDirectory, ({ find }) => find(id))),
    (found) => found !== undefined,
  );
  if (known === undefined) throw new Error("Expected the source");
  return known.source;
}

/** All keys asked for at once; each with its own outcome. */
const askAll = (source: Source, keys: readonly string[]) =>
  service.run(
    Effect.forEach(
      keys,
      (key) =>
        RefreshRequests.use(({ ask }) =>
          Effect.result(ask(source, { space: spaceOf(source), key }, options)),
        ),
      { concurrency: "unbounded" },
    ),
  );

describe("RefreshRequests.ask()", () => {
  test("queues a thousand at once in a few transactions, each with its own task", async () => {
    const source = await madeSource("many", 10_000);
    const keys = Array.from({ length: 1_000 }, (_, index) => `/${index}`);

    const asked = await askAll(source, keys);
    const ids = asked.map((one) => (Result.isSuccess(one) ? one.success.taskId : ""));
    const [row] = await service.sql<{ tasks: number; commits: number }[]>`
      select count(*)::int as tasks, count(distinct xmin::text)::int as commits from tasks
      where source_id = 'many'`;

    expect(new Set(ids).size).toBe(1_000);
    expect(row?.tasks).toBe(1_000);
    expect(row?.commits).toBeLessThan(10);
  });

  test("gives all who ask for one key the same task", async () => {
    const source = await madeSource("same", 10_000);

    const asked = await askAll(
      source,
      Array.from({ length: 50 }, () => "/one"),
    );
    const ids = asked.map((one) => (Result.isSuccess(one) ? one.success.taskId : ""));

    expect(new Set(ids).size).toBe(1);
  });

  test("queues as many as there is room for, and refuses the rest one by one", async () => {
    const source = await madeSource("tight", 5);
    const keys = Array.from({ length: 20 }, (_, index) => `/${index}`);

    const asked = await askAll(source, keys);
    const refused = asked.flatMap((one) =>
      Result.isFailure(one) ? [one.failure._tag] : [],
    );

    expect(asked.filter(Result.isSuccess)).toHaveLength(5);
    expect(new Set(refused)).toEqual(new Set(["QueueFull"]));
  });
});
