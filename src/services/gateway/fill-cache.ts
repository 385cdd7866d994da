/**
 * Asks the upstream for what is not stored, or not fresh, and keeps what may be kept.
 *
 * Source: RFC 9111 §3, §4.3; RFC 5861 §4; contract §7.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import type { Forward } from "../../domain/gateway/cache-rules.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { responseDirectives } from "../../domain/http-cache/cache-control.ts";
import { isStaleForbidden } from "../../domain/http-cache/freshness.ts";
import { isStaleIfErrorStatus } from "../../domain/http-cache/status-codes.ts";
import { conditionsFor } from "../../domain/http-cache/validation.ts";
import { Background } from "../refresh/background.ts";
import type { CachedRequest } from "./cached-request.ts";
import { callSource, type SourceReply } from "./call-source.ts";
import { confirm } from "./confirm-stored.ts";
import type { Flight, Landing } from "./flights.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import { handOn } from "./hand-on.ts";
import { upstreamRequest, WAIT_MILLIS } from "./pass-through.ts";
import { type Exchange, ResponseCache } from "./response-cache.ts";
import { standIn } from "./stand-in.ts";
import { refusedBy } from "./upstream-failure.ts";

/** What a fill works with; `land` ends it, once what comes of it is kept or will not be. */
export interface Fill {
  readonly cached: CachedRequest;
  readonly plan: Forward;
  readonly variants: readonly StoredResponse[];
  readonly exchange: Exchange;
  readonly waitMillis: number;
  /** Whether what is kept is wanted, though its own client may have gone. */
  readonly isAwaited: () => boolean;
  readonly land: (outcome?: Landing) => void;
}

/** Of one that its client waits for. */
export const fillCache = (
  cached: CachedRequest,
  plan: Forward,
  variants: readonly StoredResponse[],
) => fillOnce(cached, plan, variants, { waitMillis: WAIT_MILLIS });

/**
 * The leader of a flight goes on when its own client has gone, as long as others wait. To be
 * run uninterruptibly, together with boarding: who leads has to land.
 */
export const leadFlight = Effect.fnUntraced(function* (
  cached: CachedRequest,
  plan: Forward,
  variants: readonly StoredResponse[],
  flight: Flight,
) {
  const background = yield* Background;
  const fiber = yield* background.start(
    fillOnce(cached, plan, variants, {
      waitMillis: WAIT_MILLIS,
      isAwaited: () => flight.followers() > 0,
      land: flight.land,
    }),
  );
  // One that is interrupted before its first step does nothing itself.
  fiber.addObserver((exit) => {
    if (exit._tag === "Failure") flight.land("Failed");
  });
  return yield* Effect.interruptible(Fiber.join(fiber)).pipe(
    Effect.onInterrupt(() =>
      flight.followers() > 0
        ? Effect.asVoid(background.start(leave(fiber)))
        : Fiber.interrupt(fiber),
    ),
  );
});

const leave = <E>(fiber: Fiber.Fiber<GatewayAnswer, E>) =>
  Effect.map(Effect.exit(Fiber.join(fiber)), (exit) => {
    if (exit._tag === "Success" && "discard" in exit.value.body)
      exit.value.body.discard();
  });

/** As in `Fill`; `land` is told of the end, once or more often. */
export interface FillOptions extends Pick<Fill, "waitMillis"> {
  readonly isAwaited?: Fill["isAwaited"];
  readonly land?: Fill["land"];
}

export const fillOnce = (
  cached: CachedRequest,
  plan: Forward,
  variants: readonly StoredResponse[],
  { waitMillis, isAwaited = () => false, land: landed }: FillOptions,
) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const { shelf, id, routed } = cached;
      const exchange = (yield* ResponseCache).begin(shelf, id, routed.since);
      const land = (outcome?: Landing) => {
        exchange.end();
        landed?.(outcome);
      };
      const fill: Fill = {
        cached,
        plan,
        variants,
        exchange,
        waitMillis,
        isAwaited,
        land,
      };
      return yield* restore(ask(fill)).pipe(
        Effect.onError(() => Effect.sync(() => land("Failed"))),
      );
    }),
  );

const ask = Effect.fnUntraced(function* (fill: Fill) {
  const { cached } = fill;
  const conditions = conditionsOf(fill);
  const asked = yield* send(fill, conditions);
  if (asked._tag === "Answered") return asked.answer;
  const { reply } = asked;
  const isWhole = conditions.length > 0 || cached.rules.asksForWhole;
  if (reply.status !== 304 || conditions.length === 0) {
    return yield* handedOn(fill, reply, isWhole);
  }
  reply.discard();
  const confirmed = yield* confirm(fill, reply);
  if (confirmed !== undefined) return confirmed;
  // It is about nothing that is stored: the whole has to come.
  const again = yield* send(fill, []);
  if (again._tag === "Answered") return again.answer;
  return yield* handedOn(fill, again.reply, isWhole);
});

const handedOn = (fill: Fill, reply: SourceReply, isWhole: boolean) =>
  handOn(fill, reply, isWhole).pipe(Effect.onError(() => Effect.sync(reply.discard)));

/**
 * Under a `ttl` only what this very client could be given is confirmed for it. Where none is
 * selected, any variant may turn out to be the one; but a part is not confirmed for another.
 */
function conditionsOf({ cached, plan, variants }: Fill) {
  if (cached.asked.method !== "GET") return [];
  const { selected, because } = plan;
  if (selected === undefined) {
    const isAny = cached.rules.policy === "rfc9111" && because === "vary-miss";
    return isAny ? conditionsFor(variants) : [];
  }
  return cached.rules.policy === "rfc9111"
    ? conditionsFor(variants, selected)
    : conditionsFor([selected], selected);
}

/** "MUST generate an error response (e.g., 504)" in the place of what is stale (RFC 9111 §5.2.2.2). */
const isForbidden = ({ cached, plan: { selected } }: Fill): boolean =>
  cached.rules.policy === "rfc9111" &&
  selected !== undefined &&
  isStaleForbidden(responseDirectives(selected.headers));

/** What is stored answers in the place of an error, where it may. */
const send = Effect.fnUntraced(function* (
  fill: Fill,
  conditions: ReturnType<typeof conditionsOf>,
) {
  const { cached, plan, waitMillis } = fill;
  const { routed, rules, body } = cached;
  const asking = { asksForWhole: rules.asksForWhole, conditions, body };
  const called = yield* Effect.result(
    callSource(routed.source, {
      request: upstreamRequest(routed, asking),
      waitMillis,
      confirms: conditions.length > 0,
    }),
  );
  const now = yield* Clock.currentTimeMillis;
  const fallback = plan.mayFallBack ? plan.selected : undefined;
  if (Result.isFailure(called)) {
    if (fallback === undefined) {
      return yield* refusedBy(called.failure, now, isForbidden(fill));
    }
    const detail =
      called.failure._tag === "NoCallFree" ? "no call is free" : "upstream failed";
    return {
      _tag: "Answered",
      answer: standIn(fill, fallback, now, { detail }),
    } as const;
  }
  const reply: SourceReply = called.success;
  const isError = isStaleIfErrorStatus(reply.status) || reply.status === 429;
  if (fallback === undefined || !isError) return { _tag: "Replied", reply } as const;
  reply.discard();
  const answer = standIn(fill, fallback, now, { forwardStatus: reply.status });
  return { _tag: "Answered", answer } as const;
});
