/**
 * Answers a request under cache settings: from what is stored where the rules allow it, else
 * from the upstream, keeping what may be kept.
 *
 * Misses of one key that come together ask once. Who waited for another's answer and can't
 * have it asks for itself.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { seesSource } from "../../domain/access/caller.ts";
import { permits } from "../../domain/access/permission.ts";
import type { EffectiveSettings } from "../../domain/api-proxy/effective-settings.ts";
import type { Forward } from "../../domain/gateway/cache-rules.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { readsBody } from "../../domain/gateway/variables.ts";
import type { HeaderList } from "../../domain/entry/entry.ts";
import { asksForLess } from "../../domain/http-cache/conditional.ts";
import { hasField } from "../../domain/http-cache/field-value.ts";
import { requestDirectives } from "../../domain/http-cache/cache-control.ts";
import { isAnsweredFromCache } from "../../domain/http-cache/methods.ts";
import { takeBody } from "./body-prefix.ts";
import { type CachedRequest, cachedRequest } from "./cached-request.ts";
import { fillCache, leadFlight } from "./fill-cache.ts";
import { Flights } from "./flights.ts";
import { failed, passThrough } from "./pass-through.ts";
import { GatewayRefused } from "./refused.ts";
import { renewBehind } from "./renew-behind.ts";
import { ResponseCache } from "./response-cache.ts";
import type { RoutedRequest } from "./route-request.ts";
import { standIn } from "./stand-in.ts";
import { serveStored } from "./serve-stored.ts";

/** Of a request's body, to be part of a key. */
const MOST_BODY_BYTES = 1024 * 1024;

export const answerCached = Effect.fnUntraced(function* (
  routed: RoutedRequest,
  effective: EffectiveSettings,
) {
  const { settings } = effective;
  const { request } = routed;
  const said = requestDirectives(request.headers);
  if (!isLookedUp(request.method, effective)) {
    return yield* passThrough(routed, { forwarded: "method" });
  }
  const mayRefresh = yield* heard(routed, effective);
  if (said.noStore && mayRefresh)
    return yield* passThrough(routed, {
      forwarded: "request",
      detail: "no-store",
    });
  if (!isAnsweredFromCache(request.method) && isConditional(request.headers)) {
    const detail = "a condition that only the origin may judge";
    return yield* passThrough(routed, { forwarded: "bypass", detail });
  }
  if (isAnsweredFromCache(request.method) && !readsBody(settings.variableList)) {
    return yield* answer(yield* cachedRequest(routed, effective, undefined, mayRefresh));
  }
  const taken = yield* Effect.tryPromise({
    try: () => takeBody(request.body, MOST_BODY_BYTES),
    catch: () =>
      new GatewayRefused({ error: "bad_request", description: "The body is not whole" }),
  });
  if (taken._tag === "Long") {
    const report = {
      forwarded: "bypass",
      detail: "request body too large for a key",
    } as const;
    return yield* passThrough(routed, report, taken.pieces);
  }
  return yield* answer(yield* cachedRequest(routed, effective, taken.bytes, mayRefresh));
});

/** RFC 9110 §13.1, §14.5: what keeps one change from undoing another. */
const isConditional = (headers: HeaderList): boolean =>
  asksForLess(headers) || hasField(headers, "content-range");

/** Under RFC 9111 nothing but GET and HEAD is answered from what is stored. */
function isLookedUp(method: string, { settings }: EffectiveSettings): boolean {
  if (isAnsweredFromCache(method)) return true;
  const isKeepable = !["OPTIONS", "TRACE", "CONNECT"].includes(method);
  return !settings.cacheOnlyHttpGetRequests && settings.ttl !== undefined && isKeepable;
}

/**
 * Whether the caller's wish for a newer answer counts. Where that needs authentication, one
 * without is refused by `STOP`, and not heard by `CONTINUE`.
 */
const heard = Effect.fnUntraced(function* (
  { request, caller, proxy }: RoutedRequest,
  { settings }: EffectiveSettings,
) {
  if (!settings.invalidationRequiresAuthn) return true;
  const isKnown = caller !== undefined && seesSource(caller, proxy.sourceId);
  if (isKnown && permits(caller.role, "update")) return true;
  const said = requestDirectives(request.headers);
  const wishes = said.noCache || said.noStore || said.maxAge === 0;
  if (wishes && settings.handlingAction === "STOP") {
    return yield* new GatewayRefused({
      error: "unauthorized_client",
      description: "Invalid token",
      headers: [["WWW-Authenticate", "Bearer"]],
    });
  }
  return false;
});

const answer = Effect.fnUntraced(function* (cached: CachedRequest) {
  const { asked, settings, routed } = cached;
  for (let isSecondLook = false; ; isSecondLook = true) {
    const found = yield* lookUp(cached);
    if (found._tag === "Answered") {
      const behind = found.renews || settings.handlingAction === "CONTINUE";
      if (behind) yield* renewBehind(cached, settings.handlingAction === "CONTINUE");
      return found.answer;
    }
    const { plan, variants } = found;
    const boarded =
      isSecondLook || !isAnsweredFromCache(asked.method)
        ? undefined
        : yield* board(cached, plan, variants);
    if (boarded === undefined) return yield* fillCache(cached, plan, variants);
    if (boarded._tag === "Answered") return boarded.answer;
    // Whoever leads may be long about it.
    const { timeoutMillis } = routed.source.source;
    const landing = yield* Effect.timeoutOption(boarded.landed, timeoutMillis);
    const hasFailed = landing._tag === "Some" && landing.value === "Failed";
    if (hasFailed && plan.mayFallBack && plan.selected !== undefined) {
      // Another call would most likely fail as the leader's did.
      const now = yield* Clock.currentTimeMillis;
      const fill = { cached, plan, land: () => undefined };
      return standIn(fill, plan.selected, now, { detail: "upstream failed" });
    }
  }
});

/** Follows the flight of the key, else leads it. A HEAD leads none: `undefined`. */
const board = Effect.fnUntraced(function* (
  cached: CachedRequest,
  plan: Forward,
  variants: readonly StoredResponse[],
) {
  const flights = yield* Flights;
  const { id, asked } = cached;
  const name = `${id.space}\0${id.key}`;
  const boarding = asked.method === "GET" ? flights.board(name) : flights.follow(name);
  if (boarding?._tag !== "Leads") return boarding;
  const answer = yield* leadFlight(cached, plan, variants, boarding.flight);
  return { _tag: "Answered", answer } as const;
}, Effect.uninterruptible);

const lookUp = Effect.fnUntraced(function* (cached: CachedRequest) {
  const { id, shelf, rules, asked } = cached;
  const cache = yield* ResponseCache;
  const variants = yield* cache
    .find(shelf, id)
    .pipe(Effect.catch((error) => failed(error)));
  const now = yield* Clock.currentTimeMillis;
  const plan = rules.plan(asked, variants, now);
  switch (plan._tag) {
    case "Forward":
      return { _tag: "Wanting", plan, variants } as const;
    case "Unavailable":
      return yield* new GatewayRefused({
        error: "gateway_timeout",
        description: "Nothing is stored that may answer, and only that was asked for",
      });
    case "Serve": {
      const { stored, isStale, renews } = plan;
      const label = isStale ? "STALE" : "HIT";
      const answered = serveStored(cached, stored, { label, now });
      return { _tag: "Answered", answer: answered, renews } as const;
    }
  }
});
