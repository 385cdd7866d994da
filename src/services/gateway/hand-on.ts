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
import { selects } from "../../domain/http-cache/vary.ts";
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
import { standIn } from "./stand-in.ts";
import { piecesOf } from "./pieces.ts";
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
  variants: readonly StoredResponse[],
) {
  const { cached, plan, land } = fill;
  const { routed, asked, rules } = cached;
  const headers = passedHeaders(routed, reply);
  const { status, requestAt, responseAt } = reply;
  // Judged by all that it says, though not all of it is passed on.
  const replied = { status, headers: reply.rawHeaders, requestAt, responseAt };
  yield* invalidateAfter(routed, referredTo(routed, reply));
  const because = { forwarded: plan.because, detail: plan.detail };

  if (asked.method === "HEAD") {
    yield* freshenByHead(fill, reply, variants);
    land();
    return passedOn(routed, reply, "MISS", because);
  }
  const detail =
    rules.refusal(asked, replied) ?? cached.unkeepable ?? tooLong(fill, reply);
  if (detail !== undefined) {
    land();
    return passedOn(routed, reply, "MISS", { ...because, detail });
  }

  const { room } = yield* Flights;
  const { maxBodyBytes } = routed.source.source;
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
  const { timeoutMillis } = routed.source.source;
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
    return { ...answer, body: inPieces(answer.body, leave) };
  }
  const ttlMillis = rules.lifetime(replied).freshUntil - now;
  // Whether so little will be kept is not known yet.
  const stored = { ...because, ttlMillis, stored: shared.taken > UNDECIDED_BYTES };
  const report = early === undefined ? stored : { ...because, detail: TOO_LARGE };
  const answer: GatewayAnswer = {
    status,
    headers: clientHeaders(withCacheStatus(headers, report), [["X-UC-Cache", "MISS"]]),
    body: { pieces: shared.read(within(kept, KEEPING_MILLIS)), discard: leave },
    label: "MISS",
  };
  return answer;
});

/** A body of some size takes up its room until the client has it, or is gone. */
function inPieces(body: GatewayAnswer["body"], leave: () => void): GatewayAnswer["body"] {
  if (!(body instanceof Uint8Array) || body.length <= SHORT_BYTES) {
    leave();
    return body;
  }
  return { pieces: leftAtEnd(piecesOf(body), leave), discard: leave };
}

async function* leftAtEnd(
  pieces: Iterable<Uint8Array>,
  leave: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } finally {
    leave();
  }
}

/** RFC 9111 §4.3.5: the answer to a HEAD tells whether what GET stored still holds. */
const freshenByHead = Effect.fnUntraced(function* (
  { cached, exchange }: Fill,
  reply: SourceReply,
  variants: readonly StoredResponse[],
) {
  const { asked, conceal, routed, rules } = cached;
  if (rules.policy === "ttl") return;
  const { staleIfErrorMillis } = routed.source.source;
  const head = { status: reply.status, headers: passedHeaders(routed, reply) };
  const selected = variants.filter((one) => selects(one, asked.headers, conceal));
  for (const one of selected) {
    const freshened = freshenedByHead(one, head, { ...reply, staleIfErrorMillis });
    if (freshened === one) continue;
    yield* Effect.ignore(exchange.keep(freshened), { log: "Warn" });
  }
});

const TOO_LARGE = "body too large";

/** Events, one after the other, until somebody goes. */
const ENDLESS = /^\s*(?:text\/event-stream|multipart\/x-mixed-replace)\b/i;

/** Bytes; `Infinity` where the upstream doesn't say. */
function declaredLength({ rawHeaders, status }: SourceReply): number {
  if (status === 204 || status === 304) return 0;
  const length = firstLine(rawHeaders, "content-length");
  return length === undefined ? Infinity : Number(length);
}

function tooLong({ cached }: Fill, reply: SourceReply): string | undefined {
  const type = firstLine(reply.rawHeaders, "content-type") ?? "";
  if (ENDLESS.test(type)) return "endless";
  const { maxBodyBytes } = cached.routed.source.source;
  const length = declaredLength(reply);
  return length !== Infinity && length > maxBodyBytes ? TOO_LARGE : undefined;
}

/** What `promise` gives, or `undefined` after `millis`. */
function within<A>(promise: Promise<A>, millis: number): Promise<A | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
