import { expect, test } from "bun:test";
import { fillRoom, SharedBody } from "../../src/services/gateway/shared-body.ts";

/** Resolves to nothing; for a body whose end waits for no keeping. */
const atOnce = async () => {};

test("SharedBody gives room back as its client takes what is not kept any more", async () => {
  const room = fillRoom(10);
  let end = () => {};
  const held = new Promise<void>((resolve) => (end = resolve));
  const pieces = (async function* () {
    for (let piece = 0; piece < 3; piece += 1) yield new Uint8Array(4);
    await held;
  })();
  const shared = new SharedBody({ pieces, discard: end }, 8, room);
  expect(await shared.whole).toEqual({ _tag: "TooLarge" });
  expect(room.take(3)).toBeFalse();

  const client = shared.read(atOnce);
  for (let piece = 0; piece < 3; piece += 1) await client.next();
  expect(room.take(10)).toBeTrue();
  room.give(10);

  end();
  expect((await client.next()).done).toBeTrue();
  expect(room.take(10)).toBeTrue();
  expect(room.take(1)).toBeFalse();
});
