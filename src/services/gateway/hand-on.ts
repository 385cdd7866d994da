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
import { withCacheStatus } from "../../domain/http-cache/cache-status.ts";
import { asksForLess } from "../../domain/http-cache/conditional.ts";
import { Background } from "../refresh/background.ts";
import type { SourceReply } from "./call-source.ts";
import type { Fill } from "./fill-cache.ts";
import { freshenByHead } from "./freshen-by-head.ts";
import { Flights } from "./flights.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import { invalidateAfter } from "./invalidate-after.ts";
import { keepWhole, type Kept } from "./keep-whole.ts";
import { passedHeaders, passedOn, referredTo } from "./pass-through.ts";
import { GatewayRefused } from "./refused.ts";
import { serveStored } from "./serve-stored.ts";
import { standIn } from "./stand-in.ts";
import { inPieces } from "./pieces.ts";
import { declaredLength, TOO_LARGE, unkeepableBody } from "./reply-body.ts";
import { SharedBody } from "./shared-body.ts";

/** What is whole by then goes out in one piece. */
const EARLY_MILLIS = 20;
/** Of as much the whole is waited for. */
const SHORT_BYTES = 64 * 1024;
/** What is no longer may turn out to be a null value. */
const UNDECIDED_BYTES = 1_024;
/** In times of what the source's upstream may take: then a body is kept no more. */
const MOST_TIMEOUTS = 10;
/** The end of a body waits no longer for its keeping. */
const KEEPING_MILLIS = 1_000;

/** `isWhole`: the upstream was asked for the whole, whatever part the client wants. */
export const handOn = Effect.fnUntraced(function* (
  fill: Fill,
  reply: SourceReply,
  isWhole: boolean,
) {
  const { cached, plan, land } = fill;
  const { routed, asked, rules } = cached;
  const { maxBodyBytes, timeoutMillis } = routed.source.source;
  const headers = passedHeaders(routed, reply);
  const { status, requestAt, responseAt } = reply;
  // Judged by all that it says, though not all of it is passed on.
  const replied = { status, headers: reply.rawHeaders, requestAt, responseAt };
  yield* invalidateAfter(routed, referredTo(routed, reply));
  const because = { forwarded: plan.because, detail: plan.detail };

  if (asked.method === "HEAD") {
    yield* freshenByHead(fill, reply);
    land();
    return passedOn(routed, reply, "MISS", because);
  }
  const detail =
    rules.refusal(asked, replied) ??
    cached.unkeepable ??
    unkeepableBody(reply, maxBodyBytes);
  if (detail !== undefined) {
    land();
    return passedOn(routed, reply, "MISS", { ...because, detail });
  }

  const { room } = yield* Flights;
  const shared = new SharedBody(
    { pieces: reply.body, discard: reply.discard },
    maxBodyBytes,
    room,
  );
  const keeping = yield* (yield* Background).start(
    keepWhole(fill, reply, headers, shared.whole),
  );
  const kept = new Promise<Kept | undefined>((resolve) => {
    keeping.addObserver((exit) =>
      resolve(exit._tag === "Success" ? exit.value : undefined),
    );
  });
  const patience = setTimeout(() => shared.letPass(), MOST_TIMEOUTS * timeoutMillis);
  void shared.whole.finally(() => clearTimeout(patience));
  const leave = () => {
    shared.leave();
    if (!fill.isAwaited()) shared.abandon();
  };
  const needsWhole =
    (isWhole && asksForLess(asked.headers)) || declaredLength(reply) <= SHORT_BYTES;
  const early = yield* Effect.promise(() =>
    needsWhole ? kept : within(kept, EARLY_MILLIS),
  ).pipe(Effect.onInterrupt(() => Effect.sync(leave)));
  const now = yield* Clock.currentTimeMillis;

  if (early?._tag === "Broken") {
    leave();
    if (plan.mayFallBack && plan.selected !== undefined) {
      return standIn(fill, plan.selected, now, { detail: "upstream failed" });
    }
    return yield* new GatewayRefused({
      error: early.isLate ? "gateway_timeout" : "bad_gateway",
      description: "The upstream's answer broke off",
    });
  }
  if (early !== undefined && early._tag !== "TooLarge") {
    const isStored = early._tag === "Kept";
    const why = isStored ? undefined : early.reason;
    const report = {
      ...because,
      stored: isStored,
      ...(why === undefined ? {} : { detail: why }),
    };
    // Who asked is told all of it, also what is not stored.
    const response = { ...early.response, headers };
    const serving = { label: "MISS", now, report, isNew: true } as const;
    const part = isWhole ? asked : { ...asked, headers: [] };
    const answer = serveStored({ asked: part, rules }, response, serving);
    return { ...answer, body: inPieces(answer.body, SHORT_BYTES, leave) };
  }
  const ttlMillis = rules.lifetime(replied).freshUntil - now;
  // Whether so little will be kept is not known yet.
  const stored = { ...because, ttlMillis, stored: shared.taken > UNDECIDED_BYTES };
  const report = early === undefined ? stored : { ...because, detail: TOO_LARGE };
  const answer: GatewayAnswer = {
    status,
    headers: clientHeaders(withCacheStatus(headers, report), [["X-UC-Cache", "MISS"]]),
    body: { pieces: shared.read(() => within(kept, KEEPING_MILLIS)), discard: leave },
    label: "MISS",
  };
  return answer;
});

/** What `promise` gives, or `undefined` after `millis`. */
function within<A>(promise: Promise<A>, millis: number): Promise<A | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
