/**
 * Which stored response a request selects, where the origin chose by headers of the request.
 *
 * Values are kept as they are compared: several lines as one, white space around members
 * left out, and for three fields that list preferences without regard to case and order.
 *
 * Source: RFC 9111 §4.1; RFC 9110 §12.5 (Accept-Charset, Accept-Encoding, Accept-Language,
 * Vary).
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { HeaderList } from "../entry/entry.ts";
import type { Selecting, StoredResponse } from "../gateway/stored-response.ts";
import { dateValue } from "./age.ts";
import { combinedValue, isToken, listedNames, listMembers } from "./field-value.ts";

/** What is kept of a value, e.g. a hash where it is a credential. */
export type Conceal = (name: string, value: string) => string;

/**
 * The request headers that a response varies by. `undefined` where nothing can select it:
 * "A stored response with a Vary header field value containing a member '*' always fails to
 * match" (RFC 9111 §4.1), and so does one with a member that is no name.
 *
 * @example The same preferences, written in two ways
 * ```ts
 * import { selectingOf } from "./vary.ts";
 *
 * const vary = [["Vary", "Accept-Language, Foo"]] as const;
 * selectingOf([["Accept-Language", "de;q=0.5, EN"]], vary); // => { "accept-language": "de;q=0.5, en", foo: null }
 * selectingOf([["accept-language", "en,de;q=0.50"]], vary); // => { "accept-language": "de;q=0.5, en", foo: null }
 * ```
 */
export function selectingOf(
  requestHeaders: HeaderList,
  responseHeaders: HeaderList,
  conceal: Conceal = asIs,
): Selecting | undefined {
  const names = listedNames(responseHeaders, "vary");
  if (names.length === 0) return NOTHING;
  if (names.some((name) => name === "*" || !isToken(name))) return undefined;
  return Object.fromEntries(
    [...new Set(names)]
      .toSorted()
      .map((name) => [name, presented(requestHeaders, name, conceal)]),
  );
}

const NOTHING: Selecting = {};
const asIs: Conceal = (_, value) => value;

/**
 * What a request presents for `name`, as it is compared; `null`: "If … a header field is
 * absent from a request, it can only match another request if it is also absent there".
 *
 * Values match if they "can be transformed" into each other by "adding or removing
 * whitespace", "combining multiple header field lines", and "normalizing both header field
 * values in a way that is known to have identical semantics" (RFC 9111 §4.1).
 */
function presented(headers: HeaderList, name: string, conceal: Conceal): string | null {
  const value = combinedValue(headers, name);
  if (value === undefined) return null;
  const members = listMembers(value);
  return conceal(
    name,
    (PREFERENCES.has(name) ? members.map(preference).toSorted() : members).join(", "),
  );
}

/**
 * Lists of preferences: names in any case, and weights instead of an order. That some see an
 * order among equal weights "cannot be relied upon" (RFC 9110 §12.5.4).
 */
const PREFERENCES = new Set(["accept-charset", "accept-encoding", "accept-language"]);

/** One name and its weight, in one spelling: without a weight it is 1 (RFC 9110 §12.4.2). */
function preference(member: string): string {
  const lower = member.toLowerCase();
  if (!lower.includes(";")) return lower;
  const parts = /^([^;]*?)[ \t]*;[ \t]*q=([01](?:\.\d{0,3})?)$/.exec(lower);
  if (parts === null) return lower;
  const [, name = "", weight = "1"] = parts;
  return Number(weight) === 1 ? name : `${name};q=${Number(weight)}`;
}

/**
 * A name for what selects a response among those of one key, `""` where nothing does. 128
 * bits of a hash: it holds no value of a request, and two never share one by chance.
 */
export function variantName(selecting: Selecting): string {
  const fields = Object.entries(selecting);
  if (fields.length === 0) return "";
  const text = JSON.stringify(fields.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * The stored response that `requestHeaders` select: of several "the most recent one (as
 * determined by the Date header field)" (RFC 9111 §4.1).
 *
 * "When a cache has multiple stored responses for a target URI and one or more omits the Vary
 * header field, the cache SHOULD choose the most recent … stored response with a valid Vary
 * field value": one without `Vary` is chosen only where none that varies is fresh.
 */
export function selectVariant(
  requestHeaders: HeaderList,
  stored: readonly StoredResponse[],
  now: number,
  conceal: Conceal = asIs,
): StoredResponse | undefined {
  const matching = stored.filter((one) => selects(one, requestHeaders, conceal));
  if (stored.length < 2) return matching[0];
  const resourceVaries = stored.some(
    (one) => now < one.lifetime.freshUntil && varies(one.selecting),
  );
  const candidates = resourceVaries
    ? matching.filter(({ selecting }) => varies(selecting))
    : matching;
  return candidates.reduce<StoredResponse | undefined>(
    (best, one) => (best === undefined || isLater(one, best) ? one : best),
    undefined,
  );
}

/** Whether `requestHeaders` present what the stored response was chosen by. */
export function selects(
  { selecting }: Pick<StoredResponse, "selecting">,
  requestHeaders: HeaderList,
  conceal: Conceal,
): boolean {
  for (const name in selecting) {
    if (selecting[name] !== presented(requestHeaders, name, conceal)) return false;
  }
  return true;
}

function varies(selecting: Selecting): boolean {
  return Object.keys(selecting).length > 0;
}

function isLater(one: StoredResponse, other: StoredResponse): boolean {
  const [oneAt, otherAt] = [one, other].map(
    ({ headers, responseAt }) => dateValue(headers, responseAt) ?? responseAt,
  );
  if (oneAt !== otherAt) return (oneAt ?? 0) > (otherAt ?? 0);
  return one.responseAt > other.responseAt;
}
