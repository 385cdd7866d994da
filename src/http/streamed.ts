/**
 * A large answer, sent as fast as its client takes it and without a copy of the whole.
 *
 * @module
 */
import type { Context, TypedResponse } from "hono";
import type { Share } from "../services/entry/answer-room.ts";
import { joined } from "./byte-parts.ts";
import { jsonBytes } from "./respond.ts";

/** What goes out at once: small parts are put together, large ones cut. */
const CHUNK_BYTES = 256 * 1024;

const encoder = new TextEncoder();

/**
 * JSON that is put together from `parts`; the share is left when it was taken. Safe as
 * `jsonBytes` is.
 */
export function jsonParts<Body extends object>(
  c: Context,
  parts: readonly (string | Uint8Array)[],
  headers: Record<string, string>,
  share: Share,
) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= CHUNK_BYTES) {
    share.leave();
    return jsonBytes<Body, 200>(c, joined(parts), 200, headers);
  }
  const response: Response = c.body(streamed(parts, share), 200, {
    ...headers,
    "Content-Type": "application/json; charset=utf-8",
  });
  return response as Response & TypedResponse<Body, 200, "json">;
}

/**
 * `parts` one after the other; text as UTF-8. The share is left when the client has taken
 * the last of them or hangs up, and when it is over the connection is broken off.
 */
export function streamed(
  parts: readonly (string | Uint8Array)[],
  share: Share,
): ReadableStream<Uint8Array> {
  const chunks = chunksOf(parts);
  const { over } = share;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const breakOff = () => controller.error(new Error("Taken too slowly"));
        if (over.aborted) return breakOff();
        over.addEventListener("abort", breakOff, { once: true });
      },
      pull: (controller) => {
        const { value, done } = chunks.next();
        if (done !== true) return controller.enqueue(value);
        controller.close();
        share.leave();
      },
      cancel: () => share.leave(),
    },
    { highWaterMark: 0 },
  );
}

function* chunksOf(
  parts: readonly (string | Uint8Array)[],
): Generator<Uint8Array, undefined> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let length = 0;
  for (const part of parts) {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    if (length > 0 && length + bytes.length > CHUNK_BYTES) {
      yield chunk.subarray(0, length);
      chunk = new Uint8Array(CHUNK_BYTES);
      length = 0;
    }
    if (bytes.length > CHUNK_BYTES) {
      for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
        yield bytes.subarray(at, at + CHUNK_BYTES);
      }
      continue;
    }
    chunk.set(bytes, length);
    length += bytes.length;
  }
  if (length > 0) yield chunk.subarray(0, length);
  return undefined;
}
