import { describe, expect, test } from "bun:test";
import { Effect, Exit, Layer } from "effect";
import { TestClock } from "effect/testing";
import type { Answer } from "../../src/domain/idempotency/kept-answer.ts";
import { StoreUnavailable } from "../../src/services/errors.ts";
import { answerOnce } from "../../src/services/idempotency/answer-once.ts";
import { IdempotencyKeys } from "../../src/services/idempotency/idempotency-keys.ts";
import * as Background from "../../src/services/refresh/background.ts";

const name = { caller: "bootstrap", key: "k" };
const fingerprint = new Uint8Array(32);

const answerOf = (status: number): Answer => ({
  status,
  headers: [
    ["location", "/x"],
    ["x-request-id", "first"],
  ],
  body: new Uint8Array([1]),
});

/** A store that is away for the first `outages` attempts to end a run, and what reached it. */
function keysThatFail(outages: number) {
  const reached: string[] = [];
  let left = outages;
  const end = (what: string) =>
    Effect.suspend(() => {
      if (left-- > 0) {
        return Effect.fail(new StoreUnavailable({ operation: what, cause: undefined }));
      }
      reached.push(what);
      return Effect.void;
    });
  const layer = Layer.succeed(
    IdempotencyKeys,
    IdempotencyKeys.of({
      begin: () => Effect.succeed({ _tag: "Begun", run: { ...name, begunAt: 0 } }),
      answered: (_, { status, headers }) =>
        end(`answered ${status} ${headers.map(([header]) => header).join()}`),
      forget: () => end("forget"),
    }),
  );
  return { layer, reached };
}

const provided = <A, E>(
  effect: Effect.Effect<A, E, IdempotencyKeys | Background.Background>,
  layer: Layer.Layer<IdempotencyKeys>,
) =>
  Effect.runPromise(
    effect.pipe(
      Effect.provide(Layer.mergeAll(layer, Background.layer())),
      Effect.provide(TestClock.layer()),
    ),
  );

describe("answerOnce()", () => {
  test("keeps an answer before it gives it, without the headers of one exchange", async () => {
    const { layer, reached } = keysThatFail(0);
    const work = Effect.succeed(answerOf(201));

    const once = await provided(answerOnce(name, fingerprint, work), layer);

    expect(once).toEqual({ answer: answerOf(201), replayed: false });
    expect(reached).toEqual(["answered 201 location"]);
  });

  test.each([400, 401, 403, 429, 499, 500, 503])("forgets a %p", async (status) => {
    const { layer, reached } = keysThatFail(0);
    const work = Effect.succeed(answerOf(status));

    await provided(answerOnce(name, fingerprint, work), layer);

    expect(reached).toEqual(["forget"]);
  });

  test("forgets a request that died or was interrupted", async () => {
    for (const work of [Effect.die(new Error("broken")), Effect.interrupt]) {
      const { layer, reached } = keysThatFail(0);

      const exit = await provided(
        Effect.exit(answerOnce(name, fingerprint, work)),
        layer,
      );

      expect(Exit.isFailure(exit)).toBe(true);
      expect(reached).toEqual(["forget"]);
    }
  });

  test.each([
    [201, "answered 201 location"],
    [503, "forget"],
  ])("gives a %p while the store is away, and ends behind it", async (status, ended) => {
    const { layer, reached } = keysThatFail(100);
    const work = Effect.succeed(answerOf(status));

    const [once, atAnswer] = await provided(
      Effect.gen(function* () {
        const once = yield* answerOnce(name, fingerprint, work);
        const atAnswer = [...reached];
        yield* TestClock.adjust("98 seconds");
        expect(reached).toEqual([]);
        yield* TestClock.adjust("1 second");
        return [once, atAnswer] as const;
      }),
      layer,
    );

    expect(once.answer.status).toBe(status);
    expect(atAnswer).toEqual([]);
    expect(reached).toEqual([ended]);
  });

  test("gives up when nobody can wait for it any more", async () => {
    const { layer, reached } = keysThatFail(1_000);
    const work = Effect.succeed(answerOf(201));

    await provided(
      Effect.gen(function* () {
        yield* answerOnce(name, fingerprint, work);
        yield* TestClock.adjust("1 hour");
      }),
      layer,
    );

    expect(reached).toEqual([]);
  });
});
