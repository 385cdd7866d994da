import { describe, expect, test } from "bun:test";
import { Deferred, Effect, Exit, Fiber, Result } from "effect";
import { parseAddress } from "../../src/domain/source/ip-address.ts";
import { layer, LoginRoom } from "../../src/services/access/login-room.ts";

const inRoom = <A, E>(work: Effect.Effect<A, E, LoginRoom>) =>
  Effect.runPromise(Effect.provide(work, layer));

const within = <A, E>(address: string, work: Effect.Effect<A, E>) =>
  LoginRoom.use((room) => Effect.result(room.within(parseAddress(address), work)));

/** Tries from each address at the same time; gives how many were let in, and lets them out again. */
const crowd = Effect.fnUntraced(function* (addresses: readonly string[]) {
  const out = yield* Deferred.make<void>();
  let inside = 0;
  const stay = Effect.suspend(() => {
    inside++;
    return Deferred.await(out);
  });
  const fibers = yield* Effect.forEach(addresses, (address) =>
    Effect.forkChild(within(address, stay), { startImmediately: true }),
  );
  const most = inside;
  yield* Deferred.succeed(out, undefined);
  const results = yield* Effect.forEach(fibers, Fiber.join);
  const waits = results
    .filter(Result.isFailure)
    .map(({ failure }) => failure.retryAfterSeconds);
  return { inside: most, waits };
});

const times = (count: number, addressOf: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => addressOf(index));

describe("LoginRoom.within()", () => {
  test("lets six of one address in, refuses more at once, and others have room", async () => {
    const strangers = times(40, () => "203.0.113.1");

    expect(await inRoom(crowd(strangers))).toEqual({
      inside: 6,
      waits: Array(34).fill(10),
    });
    const both = await inRoom(crowd([...strangers, "192.0.2.1", "192.0.2.2"]));
    expect(both.inside).toBe(8);
  });

  test("takes all networks of an IPv6 site for one", async () => {
    const own = times(20, (index) => `2001:db8:0:${index}::1`);

    expect((await inRoom(crowd(own))).inside).toBe(6);
    expect((await inRoom(crowd([...own, "2001:db8:1::1"]))).inside).toBe(7);
  });

  test("takes those whose address can't be told for one", async () => {
    expect((await inRoom(crowd(times(20, () => "")))).inside).toBe(6);
  });

  test("lets 34 in altogether", async () => {
    const { inside, waits } = await inRoom(
      crowd(times(40, (index) => `192.0.2.${index}`)),
    );

    expect([inside, waits.length]).toEqual([34, 6]);
  });

  test("has room again when work has ended, failed, died or was broken off", async () => {
    const address = "192.0.2.1";
    await inRoom(
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) {
          yield* within(address, Effect.void);
          yield* within(address, Effect.fail("wrong"));
          yield* Effect.exit(within(address, Effect.die("bug")));
          const fiber = yield* Effect.forkChild(within(address, Effect.never), {
            startImmediately: true,
          });
          yield* Fiber.interrupt(fiber);
        }
        expect((yield* crowd(times(7, () => address))).inside).toBe(6);
        expect(Exit.isSuccess(yield* Effect.exit(within(address, Effect.void)))).toBe(
          true,
        );
      }),
    );
  });
});
