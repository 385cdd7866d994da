/**
 * How an upstream's body becomes the `data` of an answer.
 *
 * JSON is passed on byte for byte, so it is checked once, when it is stored: valid JSON
 * in valid UTF-8. Text is turned to UTF-8. Everything else is base64.
 *
 * Source: RFC 8259 §8.1 (JSON is UTF-8; a byte order mark may be passed over).
 *
 * @module
 */
import type { DataEncoding } from "./entry.ts";

export type EncodedBody =
  | {
      readonly _tag: "Encoded";
      readonly encoding: DataEncoding;
      readonly body: Uint8Array;
    }
  | { readonly _tag: "NotJson" };

/** JSON's `null`, for an answer that has no content. */
export const NULL_BODY: Uint8Array = new TextEncoder().encode("null");

/** Encodes `bytes` that came under `contentType`. */
export function encodeBody(
  bytes: Uint8Array,
  contentType: string | undefined,
): EncodedBody {
  const { type, charset } = mediaTypeOf(contentType ?? "");
  if (isJson(type)) {
    const text = decoded(bytes, "utf-8");
    if (text === undefined || !isJsonText(text)) return { _tag: "NotJson" };
    return { _tag: "Encoded", encoding: "json", body: withoutMark(bytes) };
  }
  const text = isText(type) ? decoded(bytes, charset ?? "utf-8") : undefined;
  return text === undefined
    ? { _tag: "Encoded", encoding: "base64", body: bytes }
    : { _tag: "Encoded", encoding: "text", body: new TextEncoder().encode(text) };
}

/** The bytes that stand behind `"data":` for a stored body. */
export function dataBytes(encoding: DataEncoding, body: Uint8Array): Uint8Array {
  switch (encoding) {
    case "json":
      return body;
    case "text":
      return new TextEncoder().encode(JSON.stringify(new TextDecoder().decode(body)));
    case "base64":
      return new TextEncoder().encode(`"${Buffer.from(body).toString("base64")}"`);
  }
}

function mediaTypeOf(contentType: string) {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([^\s";]+)"?\s*$/.exec(parameter)?.[1])
    .find((value) => value !== undefined);
  return { type: type.trim(), charset };
}

function isJson(type: string): boolean {
  return type === "application/json" || type === "text/json" || type.endsWith("+json");
}

function isText(type: string): boolean {
  return (
    type.startsWith("text/") ||
    type.endsWith("+xml") ||
    ["application/xml", "application/javascript", "application/yaml"].includes(type)
  );
}

/** `undefined` when `bytes` are not valid in `charset`, or no such charset is known. */
function decoded(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset as "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutMark(bytes: Uint8Array): Uint8Array {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return marked ? bytes.subarray(3) : bytes;
}
