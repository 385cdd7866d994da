/**
 * Undoes a `Content-Encoding`, piece by piece and with an end to how much may come out.
 *
 * Source: RFC 9110 §8.4 (codings, in the order they were applied); `deflate` is zlib there
 * and is sent raw by some servers, so both are read.
 *
 * @module
 */
import type { Transform } from "node:stream";
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
} from "node:zlib";
import type { HeaderList } from "../../domain/entry/entry.ts";
import { UpstreamBodyRefused } from "../../services/refresh/upstream-errors.ts";
import { drained } from "./drained.ts";

const MAX_CODINGS = 3;

const codings = ["gzip", "deflate", "br"] as const;
export type Coding = (typeof codings)[number];

/** The codings to undo, in that order; throws `UpstreamBodyRefused` where that can't be done. */
export function codingsOf(headers: HeaderList): readonly Coding[] {
  const named = headers
    .filter(([name]) => name.toLowerCase() === "content-encoding")
    .flatMap(([, value]) => value.toLowerCase().split(","))
    .map((name) => name.trim().replace(/^x-gzip$/, "gzip"))
    .filter((name) => name !== "" && name !== "identity");
  if (named.length > MAX_CODINGS) throw refusedEncoding("Too many content codings");
  return named.toReversed().map((name) => {
    const coding = codings.find((known) => known === name);
    if (coding === undefined) throw refusedEncoding("Unknown content coding");
    return coding;
  });
}

/** `pieces` decoded; throws `UpstreamBodyRefused` where they are no such coding or end early. */
export async function* decoded(
  coding: Coding,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { first, all } = await peeked(pieces);
  // A body of no bytes is one in every coding: servers compress nothing to nothing.
  if (first.length === 0) return;

  const decoder = decoderFor(coding, first);
  feed(decoder, all).catch((cause: unknown) => {
    decoder.destroy(cause instanceof Error ? cause : new Error("Cannot read the body"));
  });
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw isZlibError(cause) ? refusalOf(cause) : cause;
  } finally {
    decoder.destroy();
  }
}

async function feed(decoder: Transform, pieces: AsyncIterable<Uint8Array>) {
  for await (const piece of pieces) {
    if (decoder.destroyed || decoder.writableEnded) return;
    if (!decoder.write(piece)) await drained(decoder);
  }
  if (!decoder.destroyed) decoder.end();
}

/** The first bytes, two if there are so many, and everything from the start. */
async function peeked(pieces: AsyncIterable<Uint8Array>) {
  const iterator = pieces[Symbol.asyncIterator]();
  const early: Uint8Array[] = [];
  const size = () => early.reduce((sum, { length }) => sum + length, 0);
  while (size() < 2) {
    const next = await iterator.next();
    if (next.done === true) break;
    early.push(next.value);
  }
  async function* all() {
    yield* early;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  return {
    first: early.flatMap((piece) => Array.from(piece.subarray(0, 2))),
    all: all(),
  };
}

function decoderFor(
  coding: Coding,
  [first = 0, second = 0]: readonly number[],
): Transform {
  if (coding === "gzip") return createGunzip();
  if (coding === "br") return createBrotliDecompress();
  const isZlib = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return isZlib ? createInflate() : createInflateRaw();
}

const isZlibError = (cause: unknown): cause is NodeJS.ErrnoException =>
  cause instanceof Error && "code" in cause && /^(?:Z_|ERR_)/.test(String(cause.code));

function refusalOf({ code }: NodeJS.ErrnoException): UpstreamBodyRefused {
  return code === "Z_BUF_ERROR"
    ? new UpstreamBodyRefused({
        reason: "truncated",
        detail: "Compressed data ends early",
      })
    : refusedEncoding("The body is not in its content coding");
}

function refusedEncoding(detail: string): UpstreamBodyRefused {
  return new UpstreamBodyRefused({ reason: "encoding", detail });
}
