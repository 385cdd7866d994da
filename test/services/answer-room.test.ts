import { describe, expect, test } from "bun:test";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { TestClock } from "effect/testing";
import {
  AnswerRoom,
  layer,
  MOST_MILLIS,
  type Share,
} from "../../src/services/entry/answer-room.ts";

/** A room of 100 bytes. */
const inRoom = <A, E>(work: Effect.Effect<A, E, AnswerRoom>) =>
  Effect.runPromise(
    work.pipe(Effect.provide(layer(100)), Effect.provide(TestClock.layer())),
  );

const enter = (bytes: number) =>
  AnswerRoom.use((room) =>
    room.within(
      () => bytes,
      (share) => Effect.succeed(share),
    ),
  );
const left = AnswerRoom.use((room) => Effect.sync(room.left));

/** Enters in a fiber of its own, and notes `name` when it is in. */
const entering = (name: string, bytes: number, inside: string[], shares: Share[]) =>
  enter(bytes).pipe(
    Effect.tap((share) =>
      Effect.sync(() => {
        inside.push(name);
        shares.push(share);
      }),
    ),
    Effect.forkChild({ startImmediately: true }),
  );

const settled = Effect.promise(() => new Promise((done) => setImmediate(done)));

describe("AnswerRoom.within()", () => {
  test("admits what there is room for, and gives back what is left", async () => {
    await inRoom(
      Effect.gen(function* () {
        const one = yield* enter(60);
        const other = yield* enter(40);
        expect(yield* left).toEqual({ bytes: 0, waiting: 0 });

        one.leave();
        one.leave();
        expect(yield* left).toEqual({ bytes: 60, waiting: 0 });
        other.resize(10);
        expect(yield* left).toEqual({ bytes: 90, waiting: 0 });
        other.leave();
        other.resize(50);
        expect(yield* left).toEqual({ bytes: 100, waiting: 0 });
      }),
    );
  });

  test("admits in the order they came: nobody gets past for being smaller", async () => {
    const inside: string[] = [];
    const shares: Share[] = [];
    await inRoom(
      Effect.gen(function* () {
        const first = yield* enter(80);
        yield* entering("large", 90, inside, shares);
        yield* entering("small", 10, inside, shares);
        yield* entering("last", 5, inside, shares);
        yield* settled;
        expect([inside, yield* left]).toEqual([[], { bytes: 20, waiting: 3 }]);

        first.leave();
        yield* settled;
        expect([inside, yield* left]).toEqual([
          ["large", "small"],
          { bytes: 0, waiting: 1 },
        ]);
        shares[1]?.resize(4);
        yield* settled;
        expect([inside.at(-1), yield* left]).toEqual(["last", { bytes: 1, waiting: 0 }]);
      }),
    );
  });

  test("asks for the bytes when the turn comes", async () => {
    await inRoom(
      Effect.gen(function* () {
        const first = yield* enter(100);
        let bytes = 100;
        const room = yield* AnswerRoom;
        const waiting = yield* Effect.forkChild(
          room.within(
            () => bytes,
            (share) => Effect.succeed(share),
          ),
          { startImmediately: true },
        );
        bytes = 30;
        first.leave();
        yield* Fiber.join(waiting);

        expect(yield* left).toEqual({ bytes: 70, waiting: 0 });
      }),
    );
  });

  test("admits what is larger than the room alone", async () => {
    await inRoom(
      Effect.gen(function* () {
        const huge = yield* enter(1_000);
        expect(yield* left).toEqual({ bytes: 0, waiting: 0 });
        huge.leave();
        expect(yield* left).toEqual({ bytes: 100, waiting: 0 });
      }),
    );
  });

  test("gives the share back when the work fails, dies or is interrupted", async () => {
    await inRoom(
      Effect.gen(function* () {
        const room = yield* AnswerRoom;
        const works = [Effect.fail("no"), Effect.die("no"), Effect.interrupt];
        for (const work of works) {
          const exit = yield* Effect.exit(
            room.within(
              () => 70,
              () => work,
            ),
          );
          expect([Exit.isFailure(exit), yield* left]).toEqual([
            true,
            { bytes: 100, waiting: 0 },
          ]);
        }
      }),
    );
  });

  test("lets who no longer waits go, and the next one in", async () => {
    const inside: string[] = [];
    await inRoom(
      Effect.gen(function* () {
        yield* enter(50);
        const large = yield* entering("large", 60, inside, []);
        yield* entering("small", 20, inside, []);

        yield* Fiber.interrupt(large);
        yield* settled;

        expect([inside, yield* left]).toEqual([["small"], { bytes: 30, waiting: 0 }]);
      }),
    );
  });

  test("loses nothing when one is admitted and interrupted in the same moment", async () => {
    await inRoom(
      Effect.gen(function* () {
        const room = yield* AnswerRoom;
        const first = yield* enter(100);
        const never = yield* Deferred.make<void>();
        const waiting = yield* Effect.forkChild(
          room.within(
            () => 100,
            () => Deferred.await(never),
          ),
          { startImmediately: true },
        );
        first.leave();
        yield* Fiber.interrupt(waiting);

        expect(yield* left).toEqual({ bytes: 100, waiting: 0 });
      }),
    );
  });

  test("takes the share from a client that has not had its answer within a minute", async () => {
    await inRoom(
      Effect.gen(function* () {
        const slow = yield* enter(100);
        yield* TestClock.adjust(MOST_MILLIS - 1);
        expect([slow.over.aborted, yield* left]).toEqual([
          false,
          { bytes: 0, waiting: 0 },
        ]);

        yield* TestClock.adjust(5_001);
        expect([slow.over.aborted, yield* left]).toEqual([
          true,
          { bytes: 100, waiting: 0 },
        ]);
      }),
    );
  });
});
