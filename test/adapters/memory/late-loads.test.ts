import { describe, expect, test } from "bun:test";
import { type Context, Deferred, Effect, Fiber, Layer } from "effect";
import * as SourceDirectoryLayer from "../../../src/adapters/memory/source-directory.ts";
import * as TokenDirectoryLayer from "../../../src/adapters/memory/token-directory.ts";
import { tokenHash } from "../../../src/domain/access/token.ts";
import type { Change } from "../../../src/domain/change.ts";
import { type Source, SOURCE_DEFAULTS } from "../../../src/domain/source/source.ts";
import { TokenDirectory } from "../../../src/services/access/token-directory.ts";
import {
  type StoredToken,
  TokenStore,
} from "../../../src/services/access/token-store.ts";
import { type BusEvent, ChangeBus } from "../../../src/services/change-bus.ts";
import type { StoreUnavailable } from "../../../src/services/errors.ts";
import { SourceDirectory } from "../../../src/services/source/source-directory.ts";
import { SourceStore } from "../../../src/services/source/source-store.ts";

/** What is read of the store; the first time it is read at once, and handed over late. */
function lateLoads() {
  const handOver = Deferred.makeUnsafe<void>();
  let loads = 0;
  const load = <A>(read: () => A) =>
    Effect.suspend(() => {
      const value = read();
      return Effect.as(++loads === 1 ? Deferred.await(handOver) : Effect.void, value);
    });
  return { handOver, load };
}

/** Starts a directory; tells it of `change` while its first load is on its way. */
const changedAtStart = <I, S, A>(
  directory: Context.Service<I, S>,
  layer: Layer.Layer<I, StoreUnavailable, ChangeBus>,
  handOver: Deferred.Deferred<void>,
  change: () => Change,
  look: (directory: S) => A,
): Promise<A> => {
  let apply: (event: BusEvent) => Effect.Effect<void, StoreUnavailable>;
  const bus = Layer.mock(ChangeBus, {
    subscribe: (told) => Effect.sync(() => void (apply = told)),
  });
  return Effect.runPromise(
    Effect.gen(function* () {
      const building = Layer.build(layer.pipe(Layer.provide(bus)));
      const start = yield* Effect.forkChild(building, { startImmediately: true });
      const event = { _tag: "Logged", logged: { seq: 1, change: change() } } as const;
      const told = yield* Effect.forkChild(apply(event), { startImmediately: true });
      yield* Deferred.succeed(handOver, undefined);
      const context = yield* Fiber.join(start);
      yield* Fiber.join(told);
      return yield* directory
        .use((found) => Effect.sync(() => look(found)))
        .pipe(Effect.provide(context));
    }).pipe(Effect.scoped),
  );
};

const token = (id: string): StoredToken => ({
  id,
  name: id,
  role: "guest",
  hash: tokenHash(`uc_${id}`),
});
const source = (id: string, keyTemplate: string): Source => ({
  ...SOURCE_DEFAULTS,
  id,
  name: id,
  baseUrl: "https://example.com",
  keyTemplate,
  epoch: 1,
  createdAt: 0,
  updatedAt: 0,
});

describe("a load from before a change that ends after it", () => {
  test("brings no revoked token back, and hides no new one", async () => {
    const { handOver, load } = lateLoads();
    let stored = [token("revoked")];
    const store = Layer.mock(TokenStore, {
      list: load(() => stored),
      noteUses: () => Effect.void,
    });

    const known = await changedAtStart(
      TokenDirectory,
      TokenDirectoryLayer.layer.pipe(Layer.provide(store)),
      handOver,
      () => {
        stored = [token("made")];
        return { _tag: "TokensChanged" };
      },
      ({ identify }) => ["revoked", "made"].map((id) => identify(`uc_${id}`, 0)?.id),
    );

    expect(known).toEqual([undefined, "made"]);
  });

  test("brings no old settings of a source back", async () => {
    const { handOver, load } = lateLoads();
    let stored = source("weather", "/old/{{city}}");
    const store = Layer.mock(SourceStore, {
      list: load(() => [stored]),
      find: () => load(() => stored),
    });

    const template = await changedAtStart(
      SourceDirectory,
      SourceDirectoryLayer.layer.pipe(Layer.provide(store)),
      handOver,
      () => {
        stored = source("weather", "/new/{{city}}");
        return { _tag: "SourceChanged", sourceId: "weather" };
      },
      ({ find }) => find("weather")?.source.keyTemplate,
    );

    expect(template).toBe("/new/{{city}}");
  });

  test("brings no deleted source back", async () => {
    const { handOver, load } = lateLoads();
    let stored: readonly Source[] = [source("weather", "/{{city}}")];
    const store = Layer.mock(SourceStore, {
      list: load(() => stored),
      find: () => load(() => stored[0]),
    });

    const known = await changedAtStart(
      SourceDirectory,
      SourceDirectoryLayer.layer.pipe(Layer.provide(store)),
      handOver,
      () => {
        stored = [];
        return { _tag: "SourceChanged", sourceId: "weather" };
      },
      ({ all }) => all().map(({ source: { id } }) => id),
    );

    expect(known).toEqual([]);
  });
});
