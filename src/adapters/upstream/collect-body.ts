/**
 * Collects the body of a reply, decompressed and within limits.
 *
 * Each stage is counted as it comes out, so a small body that decompresses to a huge one
 * is stopped at the limit and never stands in memory.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { headerValue } from "../../domain/entry/entry.ts";
import type { BodyLimits, UpstreamReply } from "../../services/refresh/upstream.ts";
import {
  UpstreamBodyRefused,
  UpstreamBroken,
} from "../../services/refresh/upstream-errors.ts";
import { codingsOf, decoded } from "./content-decoding.ts";

export function collectBody(
  reply: UpstreamReply,
  { maxBytes, deadlineMillis }: BodyLimits,
): Effect.Effect<{ readonly bytes: Uint8Array }, UpstreamBroken | UpstreamBodyRefused> {
  return Effect.callback((resume) => {
    let isLate = false;
    const timer = setTimeout(
      () => {
        isLate = true;
        reply.discard();
      },
      Math.max(0, deadlineMillis),
    );
    bodyOf(reply, maxBytes)
      .then((bytes) => Effect.succeed({ bytes }))
      .catch((cause: unknown) => {
        reply.discard();
        if (isLate) return Effect.fail(late);
        return isOurs(cause) ? Effect.fail(cause) : Effect.die(cause);
      })
      .then(resume)
      .finally(() => clearTimeout(timer));
    return Effect.sync(() => {
      clearTimeout(timer);
      reply.discard();
    });
  });
}

async function bodyOf(reply: UpstreamReply, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(headerValue(reply.rawHeaders, "content-length") ?? 0);
  let stream = limited(reply.body, maxBytes);
  const codings = codingsOf(reply.rawHeaders);
  if (announced > maxBytes) await refuseUnlessEmpty(stream);
  for (const coding of codings) stream = limited(decoded(coding, stream), maxBytes);

  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    size += piece.length;
  }
  return joined(pieces, size);
}

/** A reply to HEAD, and a 304, announce a length and have no body. */
async function refuseUnlessEmpty(stream: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of stream) if (piece.length > 0) throw tooLarge();
}

async function* limited(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const piece of stream) {
    size += piece.length;
    if (size > maxBytes) throw tooLarge();
    yield piece;
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.length;
  }
  return bytes;
}

const isOurs = (cause: unknown): cause is UpstreamBroken | UpstreamBodyRefused =>
  cause instanceof UpstreamBroken || cause instanceof UpstreamBodyRefused;

function tooLarge(): UpstreamBodyRefused {
  return new UpstreamBodyRefused({
    reason: "too-large",
    detail: "More bytes than allowed",
  });
}

const late = new UpstreamBodyRefused({
  reason: "timeout",
  detail: "The body did not come in time",
});
