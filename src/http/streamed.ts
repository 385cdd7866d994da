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
 * `parts` one after the other; text as UTF-8. What the client has taken is given back, and
 * the share is left when it has taken all or hangs up; when the share is over, the connection
 * is broken off.
 */
export function streamed(
  parts: readonly (string | Uint8Array)[],
  share: Share,
): ReadableStream<Uint8Array> {
  const chunks = chunksOf(parts.toReversed());
  const { over } = share;
  let left = parts.reduce((sum, { length }) => sum + length, 0);
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const breakOff = () => controller.error(new Error("Taken too slowly"));
        if (over.aborted) return breakOff();
        over.addEventListener("abort", breakOff, { once: true });
      },
      pull: (controller) => {
        share.resize(Math.max(0, left));
        const { value, done } = chunks.next();
        if (done !== true) {
          left -= value.length;
          return controller.enqueue(value);
        }
        controller.close();
        share.leave();
      },
      cancel: () => share.leave(),
    },
    { highWaterMark: 0 },
  );
}

/** Takes from the end of `rest`, so that what was sent is held here no more. */
function* chunksOf(rest: (string | Uint8Array)[]): Generator<Uint8Array, undefined> {
  let small: Uint8Array[] = [];
  let length = 0;
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    const bytes = typeof part === "string" ? encoder.encode(part) : part;
    if (length + bytes.length > CHUNK_BYTES && length > 0) {
      yield joined(small);
      small = [];
      length = 0;
    }
    if (bytes.length <= CHUNK_BYTES) {
      small.push(bytes);
      length += bytes.length;
      continue;
    }
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      yield bytes.subarray(at, at + CHUNK_BYTES);
    }
  }
  if (length > 0) yield joined(small);
  return undefined;
}
