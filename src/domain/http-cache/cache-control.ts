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
import { combinedValue, isToken, listMembers, unquoted } from "./field-value.ts";
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

/** One member as it stood: the name in lower case, the argument without its quotes. */
export type Directive = readonly [name: string, argument: string | undefined];

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
  const said = targeted ?? parseDirectives(value);
  return {
    targeted: targeted !== undefined,
    noStore: has(said, "no-store"),
    noCache: concerns(said, "no-cache"),
    private: concerns(said, "private"),
    public: has(said, "public"),
    mustRevalidate: has(said, "must-revalidate"),
    proxyRevalidate: has(said, "proxy-revalidate"),
    mustUnderstand: has(said, "must-understand"),
    immutable: has(said, "immutable"),
    maxAge: firstSeconds(said, "max-age"),
    sMaxage: firstSeconds(said, "s-maxage"),
    staleWhileRevalidate: firstSeconds(said, "stale-while-revalidate"),
    staleIfError: firstSeconds(said, "stale-if-error"),
  };
}

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

/** The members of `value`; white space around `=` stays in the argument, where it is invalid. */
export function parseDirectives(value: string): readonly Directive[] {
  return listMembers(value).map((member) => {
    const equals = member.indexOf("=");
    if (equals < 0) return [member.toLowerCase(), undefined];
    const name = member.slice(0, equals);
    const argument = unquoted(member.slice(equals + 1));
    const trimmed = name.trimEnd();
    return [trimmed.toLowerCase(), trimmed === name ? argument : ` ${argument}`];
  });
}

/**
 * Whole seconds, "a non-negative integer". More than 2^31 is taken for 2^31: "the cache MUST
 * consider the value to be 2147483648 (2^31) or the greatest positive integer it can
 * conveniently represent" (RFC 9111 §1.2.2). `undefined` for anything else.
 */
export function deltaSeconds(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), 2_147_483_648) : undefined;
}

function has(said: readonly Directive[], name: string): boolean {
  return said.some(([other]) => other === name);
}

/**
 * The first value of a directive, 0 where it can't be read: "Caches are encouraged to
 * consider responses that have invalid freshness information (e.g., a max-age directive with
 * a non-integer value) to be stale" (RFC 9111 §4.2.1).
 */
function firstSeconds(said: readonly Directive[], name: string): number | undefined {
  const first = said.find(([other]) => other === name);
  return first === undefined ? undefined : (deltaSeconds(first[1] ?? "") ?? 0);
}

/**
 * The unqualified form wins over the qualified, and so does a list that names no field or
 * something that is none. The list may be a token: "recipients ought to accept both forms,
 * even if a specific form is required for generation" (RFC 9111 §5.2).
 */
function concerns(said: readonly Directive[], name: string): Concerns | undefined {
  const found = said.filter(([other]) => other === name);
  if (found.length === 0) return undefined;
  const fields = found.map(([, argument]) => listMembers(argument ?? ""));
  const isQualified = fields.every((list) => list.length > 0 && list.every(isToken));
  return isQualified ? fields.flat().map((field) => field.toLowerCase()) : "all";
}
