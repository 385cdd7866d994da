/**
 * Takes the body of a request into memory, if it is not too long.
 *
 * @module
 */

/** `Long`: what was taken and the rest, to be read once. */
export type TakenBody =
  | { readonly _tag: "Whole"; readonly bytes: Uint8Array }
  | { readonly _tag: "Long"; readonly pieces: AsyncIterable<Uint8Array> };

/** Rejects where the body breaks off. */
export async function takeBody(
  body: AsyncIterable<Uint8Array> | undefined,
  mostBytes: number,
): Promise<TakenBody> {
  const taken: Uint8Array[] = [];
  let length = 0;
  if (body === undefined) return { _tag: "Whole", bytes: new Uint8Array() };
  const iterator = body[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await iterator.next();
    if (done === true) return { _tag: "Whole", bytes: Buffer.concat(taken) };
    taken.push(value);
    length += value.length;
    if (length > mostBytes) return { _tag: "Long", pieces: continued(taken, iterator) };
  }
}

async function* continued(
  taken: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* taken;
  yield* { [Symbol.asyncIterator]: () => rest };
}
