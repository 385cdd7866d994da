/**
 * One call of the data plane to a source's upstream, within its quota.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { combinedValue } from "../../domain/http-cache/field-value.ts";
import { retryInstant } from "../../domain/quota/retry-after.ts";
import { Counters } from "../counters.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { monotonicMillis } from "../quota/permit.ts";
import { readyToCall, sendCall } from "../refresh/call-upstream.ts";
import type { UpstreamReply, UpstreamRequest } from "../refresh/upstream.ts";
import { UpstreamBroken } from "../refresh/upstream-errors.ts";
import type { KnownSource } from "../source/source-directory.ts";

/** A reply whose body is still to come. */
export interface SourceReply extends UpstreamReply {
  readonly requestAt: number;
  readonly responseAt: number;
}

export interface SourceCall {
  readonly request: UpstreamRequest;
  /** How long to wait for a free call, ahead of all that is queued; 0: not at all. */
  readonly waitMillis: number;
  /** The request asks whether what is stored still holds. */
  readonly confirms: boolean;
}

/** Whoever doesn't read the body discards the reply. */
export const callSource = Effect.fnUntraced(function* (
  known: KnownSource,
  call: SourceCall,
) {
  const sent = yield* send(known, call);
  return yield* heed(known, call, sent).pipe(
    Effect.onError(() => Effect.sync(sent.reply.discard)),
  );
});

/** What the upstream says to us holds, also where the client goes while the ledger is told. */
const heed = Effect.fnUntraced(function* (
  { source }: KnownSource,
  call: SourceCall,
  { ready, reply, requestAt }: Effect.Success<ReturnType<typeof send>>,
) {
  const quota = yield* CallQuota;
  const { count } = yield* Counters;
  const responseAt = yield* Clock.currentTimeMillis;
  const { status, rawHeaders } = reply;
  // What has no meaning (RFC 9110 §15) can't be passed on.
  if (status < 200 || status > 599) {
    const detail = `Status ${status} is none`;
    return yield* new UpstreamBroken({ reason: "protocol", detail });
  }
  // Nobody undoes it, and what comes would be taken for the content (RFC 9112 §6.1).
  if (COMPRESSED.test(combinedValue(rawHeaders, "transfer-encoding") ?? "")) {
    const detail = "A transfer coding that was not asked for";
    return yield* new UpstreamBroken({ reason: "protocol", detail });
  }

  const lookup = (name: string) => combinedValue(rawHeaders, name);
  const notBefore =
    status === 429 || status === 503
      ? retryInstant(status, lookup, responseAt)
      : undefined;
  // What the client has asked for is answered, whether or not the ledger can be told.
  if (status === 429 || notBefore !== undefined) {
    count("upstream_refusals");
    yield* Effect.ignore(quota.refused(source.id, notBefore), { log: "Warn" });
  } else if (ready.permit.afterRefusal) {
    yield* Effect.ignore(quota.accepted(source.id), { log: "Warn" });
  }
  if (status === 401 || status === 403) count("upstream_denials");
  if (status === 304 && call.confirms && source.notModifiedIsFree) {
    const { ticket } = ready.permit;
    yield* Effect.ignore(quota.giveBack(source.id, source.rateLimit, ticket));
  }
  return { ...reply, requestAt, responseAt } satisfies SourceReply;
}, Effect.uninterruptible);

const COMPRESSED = /\b(?:gzip|deflate|compress|br|zstd)\b/i;

/**
 * Sends; again, by a call of its own, where a permit came too late to be used, and where a
 * kept connection turns out to be closed and the request may be sent twice (RFC 9110 §9.2.2).
 */
const send = Effect.fnUntraced(function* (
  known: KnownSource,
  { request, waitMillis }: SourceCall,
) {
  const startedAt = yield* monotonicMillis;
  let isRepeat = false;
  for (;;) {
    const waited = (yield* monotonicMillis) - startedAt;
    const ready = yield* readyToCall(known, Math.ceil(Math.max(0, waitMillis - waited)));
    const requestAt = yield* Clock.currentTimeMillis;
    const sent = yield* Effect.result(sendCall(known, ready, request));
    if (Result.isSuccess(sent)) return { ready, reply: sent.success, requestAt };
    const { failure } = sent;
    const isForfeit = failure._tag === "NoCallFree";
    const mayRetry = isForfeit
      ? waited < waitMillis
      : !isRepeat &&
        ready.connection.reused &&
        failure.reason !== "timeout" &&
        mayRepeat(request);
    if (!mayRetry) return yield* failure;
    if (!isForfeit) isRepeat = true;
  }
});

const mayRepeat = ({ method, body }: UpstreamRequest): boolean =>
  body === undefined && ["GET", "HEAD", "OPTIONS", "TRACE"].includes(method);
