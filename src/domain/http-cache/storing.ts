/**
 * Whether a response may be stored, and why not.
 *
 * Source: RFC 9111 §3 (storing), §3.3 (incomplete ones), §3.5 (Authorization), §4.1
 * (Vary), §5.2.1.5 and §5.2.2; RFC 9110 §9.3.3 (POST).
 *
 * @module
 */
import {
  type RequestDirectives,
  requestDirectives,
  type ResponseDirectives,
  responseDirectives,
} from "./cache-control.ts";
import { contentRange } from "./content-range.ts";
import { firstLine, hasField, listedNames } from "./field-value.ts";
import { hasValidator } from "./freshness.ts";
import type { RequestHead, ResponseHead } from "./message.ts";
import { isHeuristicallyCacheable, isUnderstood, neverStored } from "./status-codes.ts";

export type Storing =
  | { readonly _tag: "Storable" }
  /** `reason` is shown in `Cache-Status`. */
  | { readonly _tag: "NotStorable"; readonly reason: NotStored };

export type NotStored =
  | "method"
  | "interim"
  | "not-modified"
  | "incomplete"
  | "partial"
  | "status"
  | "status-not-understood"
  | "request-no-store"
  | "no-store"
  | "private"
  | "authorization"
  | "vary-star";

/** An exchange with an upstream, as far as it matters here. */
export interface Exchanged {
  /** `url`: the target, absolute; only looked at for POST. */
  readonly request: RequestHead & { readonly url: string };
  readonly response: ResponseHead;
  /** The body came whole, as its framing says. */
  readonly isComplete: boolean;
}

const STORABLE: Storing = { _tag: "Storable" };

/**
 * The conditions of RFC 9111 §3, in the order in which a reason helps most.
 *
 * Directives that were read already may be given.
 */
export function mayStore(
  { request, response, isComplete }: Exchanged,
  said: ResponseDirectives = responseDirectives(response.headers),
  asked: RequestDirectives = requestDirectives(request.headers),
): Storing {
  const reason =
    refusedByMethod(request, response, said) ??
    refusedByStatus(request, response, said, isComplete) ??
    refusedByDirectives(response, said, asked) ??
    refusedByRequest(request, response, said);
  return reason === undefined ? STORABLE : { _tag: "NotStorable", reason };
}

/**
 * "the request method is understood by the cache": GET. A response to HEAD has no body to
 * keep. "Responses to POST requests are only cacheable when they include explicit freshness
 * information … and a Content-Location header field that has the same value as the POST's
 * target URI" (RFC 9110 §9.3.3): then it answers a later GET or HEAD of that URI.
 */
function refusedByMethod(
  { method, url }: Exchanged["request"],
  { headers }: ResponseHead,
  said: ResponseDirectives,
): NotStored | undefined {
  if (method === "GET") return undefined;
  if (method !== "POST" || !hasExplicitFreshness(headers, said)) return "method";
  const location = firstLine(headers, "content-location");
  if (location === undefined || !URL.canParse(location, url)) return "method";
  return new URL(location, url).href === new URL(url).href ? undefined : "method";
}

/**
 * "the response status code is final"; "if the response status code is 206 or 304, or the
 * must-understand cache directive is present: the cache understands the response status
 * code". A 206 is understood where it is one range of a GET and as long as it says (§3.3, §3.4).
 */
function refusedByStatus(
  request: RequestHead,
  { status, headers }: ResponseHead,
  said: ResponseDirectives,
  isComplete: boolean,
): NotStored | undefined {
  if (status < 200) return "interim";
  if (status === 304) return "not-modified";
  if (neverStored(status)) return "status";
  if (said.mustUnderstand && !isUnderstood(status)) return "status-not-understood";
  if (!isComplete) return "incomplete";
  if (status !== 206) return undefined;
  const range = contentRange(headers);
  if (range === undefined || request.method !== "GET") return "partial";
  const length = firstLine(headers, "content-length");
  const isWhole = length === undefined || Number(length) === range.last - range.first + 1;
  return isWhole && hasField(request.headers, "range") ? undefined : "partial";
}

/**
 * "the no-store cache directive is not present in the response", but with `must-understand`
 * "the cache SHOULD ignore the no-store directive if it understands and implements the status
 * code's caching requirements" (§5.2.2.3); "if the cache is shared: the private response
 * directive is either not present or allows a shared cache to store a modified response".
 */
function refusedByDirectives(
  { headers }: ResponseHead,
  said: ResponseDirectives,
  asked: RequestDirectives,
): NotStored | undefined {
  if (asked.noStore) return "request-no-store";
  if (said.noStore && !said.mustUnderstand) return "no-store";
  if (said.private === "all") return "private";
  return listedNames(headers, "vary").includes("*") ? "vary-star" : undefined;
}

/**
 * "if the cache is shared: the Authorization header field is not present in the request … or a
 * response directive is present that explicitly allows shared caching": `must-revalidate`,
 * `public`, `s-maxage` (§3.5). And at least one of: `public`, `Expires`, `max-age`, `s-maxage`,
 * "a status code that is defined as heuristically cacheable".
 */
function refusedByRequest(
  { headers }: RequestHead,
  response: ResponseHead,
  said: ResponseDirectives,
): NotStored | undefined {
  const isShareable = said.mustRevalidate || said.public || said.sMaxage !== undefined;
  if (!isShareable && hasField(headers, "authorization")) return "authorization";
  const isCacheable =
    said.public ||
    isHeuristicallyCacheable(response.status) ||
    hasExplicitFreshness(response.headers, said);
  return isCacheable ? undefined : "status";
}

function hasExplicitFreshness(
  headers: ResponseHead["headers"],
  said: ResponseDirectives,
): boolean {
  if (said.maxAge !== undefined || said.sMaxage !== undefined) return true;
  return !said.targeted && hasField(headers, "expires");
}

/**
 * Whether a response that may be stored will ever be of use: it is fresh for a while, or the
 * origin lets it be served stale, or there is something to validate it by. Without this every
 * dynamic answer would be written down for nothing.
 */
export function isWorthStoring(
  headers: ResponseHead["headers"],
  lifetime: { readonly freshUntil: number; readonly staleUntil: number },
  responseAt: number,
  said: ResponseDirectives = responseDirectives(headers),
): boolean {
  return (
    responseAt < lifetime.freshUntil ||
    responseAt < lifetime.staleUntil ||
    (said.staleIfError ?? 0) > 0 ||
    hasValidator(headers)
  );
}
