/** Whoever asks first may go at any step: those who ask behind him are served all the same. */
import { describe, expect, test } from "bun:test";
import { Effect, Fiber, Layer, Option } from "effect";
import { MaxOpsBeforeYield } from "effect/Scheduler";
import * as EntryMemoryLayer from "../../../src/adapters/memory/entry-memory.ts";
import { PRIORITY } from "../../../src/domain/refresh/task.ts";
import { type Source, SOURCE_DEFAULTS } from "../../../src/domain/source/source.ts";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { EntryMemory } from "../../../src/services/entry/entry-memory.ts";
import { EntryNews } from "../../../src/services/entry/entry-news.ts";
import { CallQuota } from "../../../src/services/quota/call-quota.ts";
import * as RefreshRequests from "../../../src/services/refresh/refresh-requests.ts";
import { TaskQueue } from "../../../src/services/refresh/task-queue.ts";

/** How often its fiber lets others run, and after how many turns it is interrupted. */
const GOINGS = [2, 3, 4, 5].flatMap((operations) =>
  Array.from({ length: 20 }, (_, turns) => ({ operations, turns })),
);
const id = { space: "s1", key: "/a" };

const memory = EntryMemoryLayer.layer(1_000_000).pipe(
  Layer.provide(
    Layer.mergeAll(
      Layer.mock(ChangeBus, { subscribe: () => Effect.void }),
      Layer.mock(EntryNews, { subscribe: () => Effect.void }),
    ),
  ),
);
const requests = RefreshRequests.layer.pipe(
  Layer.provide(
    Layer.mergeAll(
      Layer.mock(TaskQueue, {
        enqueueFitting: (_, wanted) =>
          Effect.succeed(
            wanted.map(({ key }) => ({ taskId: key, state: "queued", made: true })),
          ),
      }),
      Layer.mock(CallQuota, {}),
    ),
  ),
);
const source: Source = {
  ...SOURCE_DEFAULTS,
  id: "a",
  name: "a",
  epoch: 1,
  baseUrl: "http://127.0.0.1:1",
  keyTemplate: "/{{path*}}",
  createdAt: 0,
  updatedAt: 0,
};

const found = { entry: undefined, standing: { task: undefined, failure: undefined } };
const load = EntryMemory.use(({ load }) => load(id, Effect.succeed(found)));
const loadMany = EntryMemory.use(({ loadMany }) =>
  loadMany([id], () => Effect.succeed([found])),
);
const ask = RefreshRequests.RefreshRequests.use(({ ask }) =>
  ask(source, id, { priority: PRIORITY.high, told: true }),
);

/** The goings after which the next one waited in vain. */
const stuckAfter = <A, E, R, S>(
  asking: Effect.Effect<A, E, R>,
  layer: Layer.Layer<R, S>,
) =>
  Effect.runPromise(
    Effect.forEach(GOINGS, (going) =>
      Effect.gen(function* () {
        const first = yield* asking.pipe(
          Effect.provideService(MaxOpsBeforeYield, going.operations),
          Effect.forkChild({ startImmediately: true }),
        );
        for (let turn = 0; turn < going.turns; turn++) yield* Effect.yieldNow;
        yield* Fiber.interrupt(first);
        const next = yield* Effect.timeoutOption(asking, "100 millis");
        return Option.isNone(next) ? [going] : [];
      }).pipe(Effect.provide(layer, { local: true })),
    ),
  ).then((stuck) => stuck.flat());

describe("a reader that goes", () => {
  test("leaves no load behind that never ends", async () => {
    expect(await stuckAfter(load, memory)).toEqual([]);
    expect(await stuckAfter(loadMany, memory)).toEqual([]);
  });

  test("leaves no request for a refresh behind that nobody queues", async () => {
    expect(await stuckAfter(ask, requests)).toEqual([]);
  });
});
