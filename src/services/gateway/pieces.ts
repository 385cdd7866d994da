/**
 * A body in memory, handed out a piece at a time: the runtime's server would copy all of it
 * for each client that is slow to take it.
 *
 * @module
 */

const PIECE_BYTES = 128 * 1024;

export function* piecesOf(body: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    yield body.subarray(at, at + PIECE_BYTES);
  }
}
