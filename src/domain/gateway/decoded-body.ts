/**
 * A short body free of its content coding, to see whether it says anything.
 *
 * @module
 */
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import type { HeaderList } from "../entry/entry.ts";
import { combinedValue } from "../http-cache/field-value.ts";

/** Bytes, coded and decoded; what is longer says something. */
const LONGEST = 4_096;

const decoders = new Map<string, typeof gunzipSync>([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", inflateSync],
  ["br", brotliDecompressSync],
]);

/** As it is, where it is long, in another coding or in none. */
export function decodedBody(headers: HeaderList, body: Uint8Array): Uint8Array {
  const coding = combinedValue(headers, "content-encoding")?.trim().toLowerCase();
  const decode = coding === undefined ? undefined : decoders.get(coding);
  if (decode === undefined || body.length > LONGEST || body.length === 0) return body;
  try {
    return decode(body, { maxOutputLength: LONGEST });
  } catch {
    return body;
  }
}
