/**
 * The directives of `Cache-Control`, read as tolerantly as RFC 9111 allows and as strictly
 * as it asks: what can't be read never makes a response live longer.
 *
 * Of several values of one directive the first counts; of directives that conflict the most
 * restrictive (§4.2.1). Names are "to be compared case-insensitively", arguments may be
 * tokens or quoted strings (§5.2), and what is not known is passed over (§5.2.3).
 *
 * Durations are seconds.
 *
 * Source: RFC 9111 §1.2.2, §4.2.1, §5.2, §5.4; RFC 5861 §3 and §4; RFC 8246.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import {
  deltaSeconds,
  firstSeconds,
  has,
  parseDirectives,
  seconds,
} from "./directives.ts";
import { combinedValue, isToken, listMembers } from "./field-value.ts";
import { targetedDirectives } from "./targeted-cache-control.ts";

/** `all`, or the names of fields in lower case: `no-cache` and `private` in their two forms. */
export type Concerns = "all" | readonly string[];

export interface ResponseDirectives {
  /** From `CDN-Cache-Control`: `Cache-Control` and `Expires` say nothing to us. */
  readonly targeted: boolean;
  readonly noStore: boolean;
  readonly noCache: Concerns | undefined;
  readonly private: Concerns | undefined;
  readonly public: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  /** For clients only (RFC 8246 §2): we revalidate when one asks us to. */
  readonly immutable: boolean;
  readonly maxAge: number | undefined;
  readonly sMaxage: number | undefined;
  readonly staleWhileRevalidate: number | undefined;
  readonly staleIfError: number | undefined;
}

export interface RequestDirectives {
  readonly noStore: boolean;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAge: number | undefined;
  readonly minFresh: number | undefined;
  /** Without an argument: however stale, `Infinity`. */
  readonly maxStale: number | undefined;
  readonly staleIfError: number | undefined;
}

/**
 * What a response tells us as a shared cache. A valid `CDN-Cache-Control` is in the place of
 * `Cache-Control` and `Expires` (RFC 9213 §2.2).
 *
 * @example Quoted and conflicting
 * ```ts
 * import { responseDirectives } from "./cache-control.ts";
 *
 * const said = responseDirectives([["Cache-Control", 'Max-Age="60", no-cache=Set-Cookie, max-age=9']]);
 * said.maxAge; // => 60
 * said.noCache; // => ["set-cookie"]
 * ```
 */
export function responseDirectives(headers: HeaderList): ResponseDirectives {
  const targeted = targetedDirectives(headers);
  const value = targeted === undefined ? combinedValue(headers, "cache-control") : "";
  if (value === undefined) return SAID_NOTHING;
  const said: { -readonly [K in keyof ResponseDirectives]: ResponseDirectives[K] } = {
    ...SAID_NOTHING,
    targeted: targeted !== undefined,
  };
  for (const [name, argument] of targeted ?? parseDirectives(value)) {
    switch (name) {
      case "no-store":
        said.noStore = true;
        break;
      case "no-cache":
        said.noCache = alsoConcerning(said.noCache, argument);
        break;
      case "private":
        said.private = alsoConcerning(said.private, argument);
        break;
      case "public":
        said.public = true;
        break;
      case "must-revalidate":
        said.mustRevalidate = true;
        break;
      case "proxy-revalidate":
        said.proxyRevalidate = true;
        break;
      case "must-understand":
        said.mustUnderstand = true;
        break;
      case "immutable":
        said.immutable = true;
        break;
      case "max-age":
        said.maxAge ??= seconds(argument);
        break;
      case "s-maxage":
        said.sMaxage ??= seconds(argument);
        break;
      case "stale-while-revalidate":
        said.staleWhileRevalidate ??= seconds(argument);
        break;
      case "stale-if-error":
        said.staleIfError ??= seconds(argument);
        break;
      default:
        break;
    }
  }
  return said;
}

/** A response without directives. */
export const SAID_NOTHING: ResponseDirectives = {
  targeted: false,
  noStore: false,
  noCache: undefined,
  private: undefined,
  public: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  immutable: false,
  maxAge: undefined,
  sMaxage: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
};

/**
 * What a client asks for. "When the Cache-Control header field is not present in a request,
 * caches MUST consider the no-cache request pragma-directive as having the same effect as if
 * 'Cache-Control: no-cache' were present" (RFC 9111 §5.4). `Pragma` in a response is nothing.
 */
export function requestDirectives(headers: HeaderList): RequestDirectives {
  const value = combinedValue(headers, "cache-control");
  if (value === undefined) return hasPragmaNoCache(headers) ? NO_CACHE : ASKED_NOTHING;
  const asked = parseDirectives(value);
  const maxStale = asked.find(([name]) => name === "max-stale");
  return {
    noStore: has(asked, "no-store"),
    noCache: has(asked, "no-cache"),
    onlyIfCached: has(asked, "only-if-cached"),
    maxAge: firstSeconds(asked, "max-age"),
    minFresh: firstSeconds(asked, "min-fresh"),
    maxStale:
      maxStale === undefined
        ? undefined
        : maxStale[1] === undefined
          ? Infinity
          : (deltaSeconds(maxStale[1]) ?? 0),
    staleIfError: firstSeconds(asked, "stale-if-error"),
  };
}

const ASKED_NOTHING: RequestDirectives = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: undefined,
  minFresh: undefined,
  maxStale: undefined,
  staleIfError: undefined,
};
const NO_CACHE: RequestDirectives = { ...ASKED_NOTHING, noCache: true };

function hasPragmaNoCache(headers: HeaderList): boolean {
  const value = combinedValue(headers, "pragma");
  return value !== undefined && has(parseDirectives(value), "no-cache");
}

/**
 * The unqualified form wins over the qualified, and so does a list that names no field or
 * something that is none. The list may be a token: "recipients ought to accept both forms,
 * even if a specific form is required for generation" (RFC 9111 §5.2).
 */
function alsoConcerning(
  before: Concerns | undefined,
  argument: string | undefined,
): Concerns {
  const fields = listMembers(argument ?? "");
  if (before === "all" || fields.length === 0 || !fields.every(isToken)) return "all";
  return [...(before ?? []), ...fields.map((field) => field.toLowerCase())];
}
