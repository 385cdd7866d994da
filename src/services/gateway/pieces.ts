/**
 * A body in memory, handed out a piece at a time: the runtime's server would copy all of it
 * for each client that is slow to take it.
 *
 * @module
 */
import type { GatewayAnswer } from "./gateway-request.ts";

const PIECE_BYTES = 128 * 1024;

export function* piecesOf(body: Uint8Array): Generator<Uint8Array, void> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) {
    yield body.subarray(at, at + PIECE_BYTES);
  }
}

/** A body of more than `shortBytes` is left when the client has it, or is gone. */
export function inPieces(
  body: GatewayAnswer["body"],
  shortBytes: number,
  leave: () => void,
): GatewayAnswer["body"] {
  if (!(body instanceof Uint8Array) || body.length <= shortBytes) {
    leave();
    return body;
  }
  return { pieces: leftAtEnd(piecesOf(body), leave), discard: leave };
}

async function* leftAtEnd(
  pieces: Iterable<Uint8Array>,
  leave: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } finally {
    leave();
  }
}
