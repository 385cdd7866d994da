/**
 * The part of a stored response that a request asks for.
 *
 * Source: RFC 9110 §13.1.5 (If-Range), §14.2 (Range), §15.3.7 (206), §15.5.17 (416).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { dateValue } from "./age.ts";
import { askedRanges } from "./byte-ranges.ts";
import { type ByteRange, contentRange, contentRangeText } from "./content-range.ts";
import { entityTag, matchesStrongly } from "./entity-tags.ts";
import { firstLine, hasField, withoutFields } from "./field-value.ts";
import { httpDateAt } from "./http-date.ts";
import type { RequestHead } from "./message.ts";

/** What is stored, whole (200) or a part (206). */
export interface Held {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

export type RangeAnswer =
  /** Nothing to cut: the stored response as it is. */
  | { readonly _tag: "Whole" }
  /** 206, without `Content-Length`. */
  | {
      readonly _tag: "Part";
      readonly headers: HeaderList;
      readonly body: Uint8Array;
    }
  /** 416 with an empty body. */
  | { readonly _tag: "Unsatisfiable"; readonly headers: HeaderList }
  /** A stored part that doesn't hold what is asked for. */
  | { readonly _tag: "Elsewhere" };

/**
 * Cuts what `request` asks for out of what is stored. `boundary`: at most 70 characters that
 * are in no body, for an answer of several parts.
 *
 * "A server MUST ignore a Range header field received with a request method that is
 * unrecognized or for which range handling is not defined. For this specification, GET is the
 * only method for which range handling is defined" (RFC 9110 §14.2).
 */
export function rangeAnswer(
  request: RequestHead,
  held: Held,
  boundary: string,
): RangeAnswer {
  if (held.status === 206) return fromPart(request, held, boundary);
  const range = request.method === "GET" ? rangeOf(request, held.headers) : undefined;
  if (held.status !== 200 || range === undefined) return { _tag: "Whole" };
  const asked = askedRanges(range, held.body.length);
  if (asked._tag === "Ignored") return { _tag: "Whole" };
  if (asked._tag === "Unsatisfiable") return unsatisfiable(held.body.length);
  return part(held, asked.ranges, { at: 0, size: held.body.length }, boundary);
}

/** Whether a stored part holds all that `request` asks for. */
export function holdsRange(request: RequestHead, held: Held): boolean {
  return fromPart(request, held, "")._tag !== "Elsewhere";
}

function fromPart(request: RequestHead, held: Held, boundary: string): RangeAnswer {
  const here = contentRange(held.headers);
  const range = request.method === "GET" ? rangeOf(request, held.headers) : undefined;
  const size = here?.completeLength;
  const isWhole = here !== undefined && held.body.length === here.last - here.first + 1;
  if (!isWhole || size === undefined || range === undefined) return { _tag: "Elsewhere" };
  const asked = askedRanges(range, size);
  if (asked._tag === "Unsatisfiable") return unsatisfiable(size);
  const isHere =
    asked._tag === "Ranges" &&
    asked.ranges.every(({ first, last }) => first >= here.first && last <= here.last);
  if (!isHere) return { _tag: "Elsewhere" };
  return part(held, asked.ranges, { at: here.first, size }, boundary);
}

/**
 * `Range`, unless `If-Range` doesn't hold: "A recipient of an If-Range header field MUST ignore
 * the Range header field if the If-Range condition evaluates as false" (RFC 9110 §14.2). Tags
 * are compared strongly, and a date must be exactly that of a `Last-Modified` which is a strong
 * validator: at least a second before `Date` (§13.1.5, §8.8.2.2).
 */
function rangeOf({ headers }: RequestHead, stored: HeaderList): string | undefined {
  const range = firstLine(headers, "range");
  const condition = range === undefined ? undefined : firstLine(headers, "if-range");
  if (condition === undefined) return range;
  const tag = entityTag(condition);
  if (tag !== undefined) {
    const ours = entityTag(firstLine(stored, "etag"));
    return ours !== undefined && matchesStrongly(tag, ours) ? range : undefined;
  }
  const modified = firstLine(stored, "last-modified");
  if (modified === undefined) return undefined;
  const date = dateValue(stored, 0);
  const modifiedAt = date === undefined ? undefined : httpDateAt(modified, date);
  if (date === undefined || modifiedAt === undefined) return undefined;
  const isExact = httpDateAt(condition, date) === modifiedAt;
  return isExact && date - modifiedAt >= 1_000 ? range : undefined;
}

// Digests and lengths of another content, and what the part says for itself.
const OF_THE_CONTENT = new Set([
  "content-digest",
  "content-length",
  "content-md5",
  "content-range",
  "digest",
]);

function part(
  { headers, body }: Held,
  ranges: readonly ByteRange[],
  { at, size }: { readonly at: number; readonly size: number },
  boundary: string,
): RangeAnswer {
  const kept = withoutFields(headers, OF_THE_CONTENT);
  const cut = ({ first, last }: ByteRange) => body.subarray(first - at, last + 1 - at);
  const described = (range: ByteRange) =>
    contentRangeText({ ...range, completeLength: size });
  const [only, ...others] = ranges;
  if (only !== undefined && others.length === 0) {
    const own = ["Content-Range", described(only)] as const;
    return { _tag: "Part", headers: [...kept, own], body: cut(only) };
  }
  // "a server MUST NOT generate a Content-Range header field in the HTTP header section of a
  // multiple part response (this field will be sent in each part instead)" (§15.3.7.2).
  const type = firstLine(headers, "content-type");
  const typeLine = type === undefined ? "" : `Content-Type: ${type}\r\n`;
  const pieces = ranges.flatMap((range) => [
    Buffer.from(
      `\r\n--${boundary}\r\n${typeLine}Content-Range: ${described(range)}\r\n\r\n`,
      "latin1",
    ),
    cut(range),
  ]);
  return {
    _tag: "Part",
    headers: [
      ...withoutFields(kept, new Set(["content-type"])),
      ["Content-Type", `multipart/byteranges; boundary=${boundary}`],
    ],
    body: Buffer.concat([...pieces, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
}

/** "a Content-Range header field specifying the current length" (RFC 9110 §15.5.17). */
function unsatisfiable(size: number): RangeAnswer {
  return { _tag: "Unsatisfiable", headers: [["Content-Range", `bytes */${size}`]] };
}

/** Whether a request asks for a part at all. */
export function asksForRange(headers: HeaderList): boolean {
  return hasField(headers, "range");
}
