/**
 * How the gateway keeps and serves where its settings have a `ttl`: what is cached lives as
 * long as that says, whatever the origin says.
 *
 * Between users the origin is still heard: what was asked with credentials that are no part
 * of the key is another user's, unless the origin says that all may have it.
 *
 * Source: contract §7.4 to §7.6.
 *
 * @module
 */
import type { Lifetime } from "../entry/freshness.ts";
import { requestDirectives, SAID_NOTHING } from "../http-cache/cache-control.ts";
import { hasField, listedNames, withoutFields } from "../http-cache/field-value.ts";
import { storedHeaders } from "../http-cache/stored-headers.ts";
import { type Conceal, selectVariant } from "../http-cache/vary.ts";
import { CREDENTIALS, mayBeGiven, mayBeKept } from "./between-users.ts";
import type { CacheSettings } from "../api-proxy/cache-settings.ts";
import type { Asked, CacheRules, Plan, Replied } from "./cache-rules.ts";
import type { StoredResponse } from "./stored-response.ts";

const KEPT = new Set([200, 203, 204, 300, 301, 308, 404, 410]);
/**
 * Errors that are about the caller, or about how one request was made, and never the answer
 * to another: one client could have them kept for all.
 */
const NEVER_KEPT = new Set([
  401, 403, 406, 407, 408, 411, 412, 413, 414, 415, 416, 417, 421, 425, 426, 428, 429,
  431,
]);

export interface TtlOptions {
  readonly settings: Pick<CacheSettings, "cacheNullValue">;
  readonly ttlMillis: number;
  readonly staleIfErrorMillis: number;
  readonly conceal: Conceal;
}

export function ttlRules({
  settings,
  ttlMillis,
  staleIfErrorMillis,
  conceal,
}: TtlOptions): CacheRules {
  return {
    policy: "ttl",
    asksForWhole: true,
    plan: (asked, variants, now) => planByTtl(asked, variants, now, conceal),
    refusal: (asked, replied) => refusalByTtl(asked, replied, settings.cacheNullValue),
    lifetime: ({ responseAt }) =>
      lifetimeByTtl(responseAt, ttlMillis, staleIfErrorMillis),
    storedHeaders: ({ headers, responseAt }) =>
      storedHeaders(withoutFields(headers, COOKIES), responseAt, SAID_NOTHING),
    judgesAsOrigin: true,
  };
}

const COOKIES = new Set(["set-cookie", "set-cookie2"]);

function planByTtl(
  asked: Asked,
  variants: readonly StoredResponse[],
  now: number,
  conceal: Conceal,
): Plan {
  const said = requestDirectives(asked.headers);
  const selected =
    selectVariant(asked.headers, variants, now, conceal) ?? variants.find(suitsAll);
  const stored =
    selected !== undefined && mayBeGiven(asked.credentials, selected)
      ? selected
      : undefined;
  const onError = stored !== undefined && now < stored.lifetime.fallbackUntil;
  const forward = {
    _tag: "Forward",
    selected: stored,
    mayFallBack: onError,
  } as const;

  if (stored === undefined) {
    if (said.onlyIfCached) return { _tag: "Unavailable" };
    if (selected !== undefined) {
      return { ...forward, because: "uri-miss", detail: CREDENTIALS };
    }
    return { ...forward, because: variants.length === 0 ? "uri-miss" : "vary-miss" };
  }
  const wishes = said.noCache || said.maxAge === 0;
  if (wishes && asked.mayRefresh && !said.onlyIfCached) {
    return { ...forward, because: "request" };
  }
  if (now < stored.lifetime.freshUntil) {
    return { _tag: "Serve", stored, isStale: false, renews: false };
  }
  return said.onlyIfCached ? { _tag: "Unavailable" } : { ...forward, because: "stale" };
}

function refusalByTtl(
  asked: Asked,
  { status, headers }: Replied,
  keepsErrors: boolean,
): string | undefined {
  if (!KEPT.has(status) && !(keepsErrors && isError(status))) return `status ${status}`;
  if (listedNames(headers, "vary").includes("*")) return "Vary: *";
  return mayBeKept(asked.credentials, headers) ? undefined : CREDENTIALS;
}

/** One that nothing was chosen by and that is in no coding is right for any client. */
const suitsAll = ({ selecting, headers }: StoredResponse): boolean =>
  Object.keys(selecting).length === 0 && !hasField(headers, "content-encoding");

const isError = (status: number): boolean => status >= 400 && !NEVER_KEPT.has(status);

function lifetimeByTtl(
  responseAt: number,
  ttlMillis: number,
  staleIfErrorMillis: number,
): Lifetime {
  const freshUntil = responseAt + ttlMillis;
  return {
    storedAt: responseAt,
    freshUntil,
    staleUntil: freshUntil,
    fallbackUntil: freshUntil + staleIfErrorMillis,
  };
}
