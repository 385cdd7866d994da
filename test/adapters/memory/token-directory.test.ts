import { describe, expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { TestClock } from "effect/testing";
import * as TokenDirectoryLayer from "../../../src/adapters/memory/token-directory.ts";
import { tokenHash } from "../../../src/domain/access/token.ts";
import { TokenDirectory } from "../../../src/services/access/token-directory.ts";
import { TokenStore } from "../../../src/services/access/token-store.ts";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { StoreUnavailable } from "../../../src/services/errors.ts";

/** Over a store that has one token, `uc_a`, and writes down what it is told. */
function directory() {
  const written: (readonly (readonly [string, number])[])[] = [];
  const state = { isAway: false };
  const token = { id: "a", name: "a", role: "guest", hash: tokenHash("uc_a") } as const;
  const store = Layer.mock(TokenStore, {
    list: Effect.succeed([token]),
    noteUses: (uses) =>
      Effect.suspend(() => {
        if (state.isAway) {
          return Effect.fail(
            new StoreUnavailable({ operation: "test", cause: undefined }),
          );
        }
        written.push([...uses]);
        return Effect.void;
      }),
  });
  const bus = Layer.mock(ChangeBus, { subscribe: () => Effect.void });
  const layer = TokenDirectoryLayer.layer.pipe(
    Layer.provide(Layer.merge(store, bus)),
    Layer.provideMerge(TestClock.layer()),
  );
  return { written, state, layer };
}

describe("TokenDirectory.identify()", () => {
  test("writes when tokens were last used every ten seconds, those that were", async () => {
    const { written, layer } = directory();

    await Effect.runPromise(
      Effect.gen(function* () {
        const { identify } = yield* TokenDirectory;
        // The first look of all is at the start, and finds nothing.
        yield* TestClock.adjust(0);
        identify("uc_a", 1);
        identify("uc_a", 2);
        identify("uc_unknown", 3);
        yield* TestClock.adjust(9_999);
        expect(written).toEqual([]);
        yield* TestClock.adjust(1);
        expect(written).toEqual([[["a", 2]]]);
        yield* TestClock.adjust(60_000);
        expect(written).toHaveLength(1);
      }).pipe(Effect.provide(layer)),
    );
  });

  test("writes at its end what is still to be written", async () => {
    const { written, layer } = directory();

    await Effect.runPromise(
      TokenDirectory.use(({ identify }) => Effect.sync(() => identify("uc_a", 7))).pipe(
        Effect.provide(layer),
      ),
    );

    expect(written).toEqual([[["a", 7]]]);
  });

  test("keeps what could not be written for the next time", async () => {
    const { written, state, layer } = directory();

    await Effect.runPromise(
      Effect.gen(function* () {
        const { identify } = yield* TokenDirectory;
        state.isAway = true;
        identify("uc_a", 1);
        yield* TestClock.adjust(10_000);
        state.isAway = false;
        yield* TestClock.adjust(10_000);
        expect(written).toEqual([[["a", 1]]]);
      }).pipe(Effect.provide(layer)),
    );
  });
});
