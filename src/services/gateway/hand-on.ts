/**
 * Hands an upstream's reply on to the client, and keeps it where the rules allow it.
 *
 * A short body is taken whole before anything is said, so that a broken one is a clean
 * error. A long one goes out as it comes; its end is held back until it is kept, so that who
 * asks again right after it finds it.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { clientHeaders } from "../../domain/gateway/client-headers.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { withCacheStatus } from "../../domain/http-cache/cache-status.ts";
import { asksForLess } from "../../domain/http-cache/conditional.ts";
import { firstLine } from "../../domain/http-cache/field-value.ts";
import { freshenedByHead } from "../../domain/http-cache/freshening.ts";
import { Background } from "../refresh/background.ts";
import type { SourceReply } from "./call-source.ts";
import type { Fill } from "./fill-cache.ts";
import { Flights } from "./flights.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import { invalidateAfter } from "./invalidate-after.ts";
import { keepWhole, type Kept } from "./keep-whole.ts";
import { passedHeaders, passedOn, referredTo } from "./pass-through.ts";
import { GatewayRefused } from "./refused.ts";
import { serveStored } from "./serve-stored.ts";
import { SharedBody } from "./shared-body.ts";

/** What is whole by then goes out in one piece. */
const EARLY_MILLIS = 20;
/** The end of a body waits no longer for its keeping. */
const KEEPING_MILLIS = 1_000;

/** `isWhole`: the upstream was asked for the whole, whatever part the client wants. */
export const handOn = Effect.fnUntraced(function* (
  fill: Fill,
  reply: SourceReply,
  isWhole: boolean,
  variants: readonly StoredResponse[],
) {
  const { cached, plan, land } = fill;
  const { routed, asked, rules } = cached;
  const headers = passedHeaders(routed, reply);
  const { status, requestAt, responseAt } = reply;
  const replied = { status, headers, requestAt, responseAt };
  yield* invalidateAfter(routed, referredTo(routed, reply));
  const because = { forwarded: plan.because, detail: plan.detail };

  if (asked.method === "HEAD") {
    yield* freshenByHead(fill, reply, variants);
    land();
    return passedOn(routed, reply, "MISS", because);
  }
  const detail = rules.refusal(asked, replied) ?? tooLong(fill, reply);
  if (detail !== undefined) {
    land();
    return passedOn(routed, reply, "MISS", { ...because, detail });
  }

  const { room } = yield* Flights;
  const { maxBodyBytes } = routed.source.source;
  const shared = new SharedBody(reply.body, maxBodyBytes, room);
  const keeping = yield* (yield* Background).start(
    keepWhole(fill, reply, headers, shared.whole),
  );
  const kept = new Promise<Kept | undefined>((resolve) => {
    keeping.addObserver((exit) =>
      resolve(exit._tag === "Success" ? exit.value : undefined),
    );
  });
  const leave = () => {
    shared.leave();
    if (!fill.isAwaited()) shared.abandon();
  };
  const needsWhole = isWhole && asksForLess(asked.headers);
  const early = yield* Effect.promise(() =>
    needsWhole ? kept : within(kept, EARLY_MILLIS),
  ).pipe(Effect.onInterrupt(() => Effect.sync(leave)));
  const now = yield* Clock.currentTimeMillis;

  if (early?._tag === "Broken") {
    leave();
    return yield* new GatewayRefused({
      error: early.isLate ? "gateway_timeout" : "bad_gateway",
      description: "The upstream's answer broke off",
    });
  }
  if (early !== undefined && early._tag !== "TooLarge") {
    leave();
    const isStored = early._tag === "Kept";
    const why = isStored ? undefined : early.reason;
    const report = {
      ...because,
      stored: isStored,
      ...(why === undefined ? {} : { detail: why }),
    };
    const serving = { label: "MISS", now, report } as const;
    return isWhole
      ? serveStored(cached, early.response, serving)
      : serveStored({ asked: { ...asked, headers: [] }, rules }, early.response, serving);
  }
  const report = { ...because, stored: early === undefined };
  const answer: GatewayAnswer = {
    status,
    headers: clientHeaders(withCacheStatus(headers, report), [["X-UC-Cache", "MISS"]]),
    body: { pieces: shared.read(within(kept, KEEPING_MILLIS)), discard: leave },
    label: "MISS",
  };
  return answer;
});

/** RFC 9111 §4.3.5: the answer to a HEAD tells whether what GET stored still holds. */
const freshenByHead = Effect.fnUntraced(function* (
  { cached, plan, exchange }: Fill,
  reply: SourceReply,
  variants: readonly StoredResponse[],
) {
  const { selected } = plan;
  if (cached.rules.policy === "ttl" || selected === undefined || variants.length === 0)
    return;
  const { staleIfErrorMillis } = cached.routed.source.source;
  const head = { status: reply.status, headers: passedHeaders(cached.routed, reply) };
  const freshened = freshenedByHead(selected, head, { ...reply, staleIfErrorMillis });
  if (freshened === selected) return;
  yield* Effect.ignore(exchange.keep(freshened), { log: "Warn" });
});

function tooLong({ cached }: Fill, { rawHeaders }: SourceReply): string | undefined {
  const length = Number(firstLine(rawHeaders, "content-length") ?? 0);
  return length > cached.routed.source.source.maxBodyBytes ? "body too large" : undefined;
}

/** What `promise` gives, or `undefined` after `millis`. */
function within<A>(promise: Promise<A>, millis: number): Promise<A | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
