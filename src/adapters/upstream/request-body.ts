/**
 * Sends the body of a request, no faster than the upstream takes it.
 *
 * @module
 */
import type { ClientRequest } from "node:http";
import { drained } from "./drained.ts";

/** The time the upstream takes is measured, the time the caller's stream takes is not. */
export interface Patience {
  readonly start: () => void;
  readonly stop: () => void;
}

/** Rejects where `body` fails or is not as long as announced; then the request is not whole. */
export async function sendStream(
  outgoing: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  announced: number | undefined,
  patience: Patience,
): Promise<void> {
  let sent = 0;
  patience.stop();
  for await (const piece of body) {
    if (outgoing.destroyed) return;
    // An empty piece would be the last chunk.
    if (piece.length === 0) continue;
    sent += piece.length;
    if (sent > (announced ?? sent)) break;
    if (outgoing.write(piece)) continue;
    patience.start();
    await drained(outgoing);
    patience.stop();
  }
  if (sent !== (announced ?? sent))
    throw new Error("Length of the body is not as announced");
  patience.start();
  outgoing.end();
}
