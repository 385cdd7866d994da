/**
 * What to do with a request, given what is stored for its key.
 *
 * Milliseconds, but for directives.
 *
 * Source: RFC 9111 §4 (reuse), §4.2.4 (stale), §5.2.1 (requests); RFC 5861; RFC 8246;
 * RFC 9211 §2.2 (the reasons of going forward).
 *
 * @module
 */
import type { StoredResponse } from "../gateway/stored-response.ts";
import {
  type RequestDirectives,
  requestDirectives,
  responseDirectives,
} from "./cache-control.ts";
import type { Forwarded } from "./cache-status.ts";
import { asksTheOrigin } from "./conditional.ts";
import { isStaleForbidden, staleOnErrorUntil } from "./freshness.ts";
import type { RequestHead } from "./message.ts";
import { isAnsweredFromCache } from "./methods.ts";
import { holdsRange } from "./range-answer.ts";
import { type Conceal, selectVariant } from "./vary.ts";

export type ReusePlan =
  /** `revalidate`: behind the answer (RFC 5861 §3). */
  | {
      readonly _tag: "Serve";
      readonly stored: StoredResponse;
      readonly isStale: boolean;
      readonly revalidate: boolean;
    }
  /** Ask the origin first; `mayServeOnError`: what is stored may stand in for an error. */
  | {
      readonly _tag: "Revalidate";
      readonly stored: StoredResponse;
      readonly reason: Forwarded;
      readonly mayServeOnError: boolean;
    }
  /** Nothing stored can be the answer, or is wanted. */
  | { readonly _tag: "Forward"; readonly reason: Forwarded }
  /** 504: the client wants nothing but what is stored (RFC 9111 §5.2.1.7). */
  | { readonly _tag: "GatewayTimeout" };

export interface ReuseQuestion {
  readonly request: RequestHead;
  /** All that is stored for the key, in any order. */
  readonly stored: readonly StoredResponse[];
  readonly now: number;
  /** Whether this client may make us ask the origin though something fresh is there. */
  readonly honoursRefresh: boolean;
  /** As for `lifetimeOf`. */
  readonly staleIfErrorMillis: number;
  /** As for `selectingOf`. */
  readonly conceal?: Conceal;
}

/** Decides; see the members of `ReusePlan`. */
export function reusePlan(question: ReuseQuestion): ReusePlan {
  const { request, stored, now } = question;
  if (!isAnsweredFromCache(request.method)) return { _tag: "Forward", reason: "method" };
  const asked = directivesOf(question);
  if (stored.length === 0) return forward(asked, "uri-miss");
  if (asked.noStore || asksTheOrigin(request.headers)) return forward(asked, "request");
  const usable = stored.filter((one) => one.status !== 206 || holdsRange(request, one));
  const selected = selectVariant(request.headers, usable, now, question.conceal);
  if (selected === undefined) {
    return forward(asked, usable.length < stored.length ? "partial" : "vary-miss");
  }
  return now < selected.lifetime.freshUntil
    ? planFresh(selected, asked, now)
    : planStale(selected, asked, question);
}

/** The wishes of a client that may not refresh are only those that cost nothing. */
function directivesOf({ request, honoursRefresh }: ReuseQuestion): RequestDirectives {
  const asked = requestDirectives(request.headers);
  if (honoursRefresh) return asked;
  return {
    ...asked,
    noStore: false,
    noCache: false,
    maxAge: undefined,
    minFresh: undefined,
  };
}

/** "If the cache … cannot satisfy", `only-if-cached` "SHOULD" be answered 504 (§5.2.1.7). */
function forward({ onlyIfCached }: RequestDirectives, reason: Forwarded): ReusePlan {
  return onlyIfCached ? { _tag: "GatewayTimeout" } : { _tag: "Forward", reason };
}

/**
 * A fresh one is the answer unless the client wants a younger one (`max-age`, §5.2.1.1), one
 * that stays fresh for longer (`min-fresh`, §5.2.1.3), or a validated one (`no-cache`, §5.2.1.4).
 * `immutable` doesn't change that: it "only" tells a client not to ask (RFC 8246 §2).
 */
function planFresh(
  stored: StoredResponse,
  asked: RequestDirectives,
  now: number,
): ReusePlan {
  const isYoungEnough = !asked.noCache && isWithinMaxAge(stored, asked, now);
  const remaining = stored.lifetime.freshUntil - now;
  const staysFresh = asked.minFresh === undefined || remaining >= asked.minFresh * 1_000;
  if (isYoungEnough && staysFresh) {
    return { _tag: "Serve", stored, isStale: false, revalidate: false };
  }
  if (asked.onlyIfCached) return { _tag: "GatewayTimeout" };
  return { _tag: "Revalidate", stored, reason: "request", mayServeOnError: false };
}

/**
 * A stale one is served where the client takes it (`max-stale`, §5.2.1.2) or within
 * `stale-while-revalidate` (RFC 5861 §3), where nothing forbids it (RFC 9111 §4.2.4). A client
 * that asks for `max-age` or `min-fresh` "does not wish to receive a stale response".
 */
function planStale(
  stored: StoredResponse,
  asked: RequestDirectives,
  { now, staleIfErrorMillis }: ReuseQuestion,
): ReusePlan {
  const { freshUntil, staleUntil } = stored.lifetime;
  const said = responseDirectives(stored.headers);
  const isForbidden =
    isStaleForbidden(said) || asked.noCache || asked.minFresh !== undefined;
  const isPatient =
    asked.maxStale !== undefined && now - freshUntil <= asked.maxStale * 1_000;
  if (!isForbidden && isPatient && isWithinMaxAge(stored, asked, now)) {
    return { _tag: "Serve", stored, isStale: true, revalidate: false };
  }
  const isUnrestricted =
    !isForbidden && asked.maxAge === undefined && asked.maxStale === undefined;
  if (isUnrestricted && now < staleUntil) {
    return { _tag: "Serve", stored, isStale: true, revalidate: true };
  }
  if (asked.onlyIfCached) return { _tag: "GatewayTimeout" };
  const onErrorUntil =
    asked.staleIfError === undefined
      ? staleOnErrorUntil(stored.lifetime, said, staleIfErrorMillis)
      : freshUntil + asked.staleIfError * 1_000;
  const mayServeOnError =
    !isForbidden && asked.maxAge === undefined && now < onErrorUntil;
  return { _tag: "Revalidate", stored, reason: "stale", mayServeOnError };
}

/** `max-age=0` is a reload: nothing stored is young enough, not even within its millisecond. */
function isWithinMaxAge(
  { lifetime }: StoredResponse,
  { maxAge }: RequestDirectives,
  now: number,
): boolean {
  if (maxAge === undefined) return true;
  return maxAge > 0 && now - lifetime.storedAt <= maxAge * 1_000;
}
