/**
 * Asks the upstream behind an answer that was served from the cache.
 *
 * For `CONTINUE` the upstream hears of each hit, one call a hit; only the same GET at the
 * same time shares one. A stale answer is renewed once, however many are served meanwhile.
 * Nobody waits for it, and it waits for nobody: where no call is free it is dropped.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { Counters } from "../counters.ts";
import { Background } from "../refresh/background.ts";
import type { CachedRequest } from "./cached-request.ts";
import { fillOnce } from "./fill-cache.ts";
import { type Flight, Flights } from "./flights.ts";
import { ResponseCache } from "./response-cache.ts";

export const renewBehind = Effect.fnUntraced(function* (
  asked: CachedRequest,
  continues: boolean,
) {
  // What HEAD brings renews nothing.
  const cached = continues ? asked : asGet(asked);
  const { start } = yield* Background;
  const flights = yield* Flights;
  if (cached.asked.method !== "GET") {
    yield* start(renew(cached, continues));
    return;
  }
  const boarding = flights.board(`behind\0${cached.id.space}\0${cached.id.key}`);
  if (boarding._tag === "Follows") return;
  yield* start(renew(cached, continues, boarding.flight.land));
}, Effect.uninterruptible);

function asGet(cached: CachedRequest): CachedRequest {
  if (cached.asked.method !== "HEAD") return cached;
  const { asked, routed } = cached;
  const request = { ...routed.request, method: "GET" };
  return {
    ...cached,
    asked: { ...asked, method: "GET" },
    routed: { ...routed, request, method: "GET" },
  };
}

/** `land`, once what comes of it is kept or will not be. */
const renew = (cached: CachedRequest, continues: boolean, land?: Flight["land"]) =>
  Effect.gen(function* () {
    const cache = yield* ResponseCache;
    const { shelf, id, rules, asked } = cached;
    const variants = continues ? [] : yield* cache.find(shelf, id);
    const now = yield* Clock.currentTimeMillis;
    const plan = rules.plan(asked, variants, now);
    const selected = plan._tag === "Serve" ? plan.stored : undefined;
    const forward = {
      _tag: "Forward",
      because: "stale",
      selected,
      mayFallBack: false,
    } as const;
    const answer = yield* fillOnce(cached, forward, variants, {
      waitMillis: 0,
      isAwaited: () => true,
      ...(land && { land }),
    });
    if ("discard" in answer.body) answer.body.discard();
  }).pipe(
    Effect.onError(() => Effect.sync(() => land?.())),
    Effect.catch((error) =>
      Effect.gen(function* () {
        (yield* Counters).count("renewals_dropped");
        yield* Effect.logDebug("Could not ask the upstream behind an answer", error);
      }),
    ),
  );
