/**
 * One call of a refresh, from its permit to what it means.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { outcomeOf, renewalOf } from "../../domain/refresh/refresh-outcome.ts";
import {
  meaningOf,
  refreshHeaders,
  validatorsOf,
} from "../../domain/refresh/upstream-exchange.ts";
import { matchTemplate } from "../../domain/source/key-template.ts";
import { isNegative } from "../../domain/source/source.ts";
import { Counters } from "../counters.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { monotonicMillis } from "../quota/permit.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { type Ready, sendCall } from "./call-upstream.ts";
import { storeAgain } from "./store-again.ts";
import type { Claimed } from "./task-queue.ts";
import { Upstream, type UpstreamReply } from "./upstream.ts";

/** One call: sends, judges the head, takes the body. Its failures are of the call alone. */
export const callOnce = Effect.fnUntraced(function* (
  known: KnownSource,
  claimed: Claimed,
  ready: Ready,
  target: string,
) {
  const { source } = known;
  const quota = yield* CallQuota;
  const { count } = yield* Counters;
  const startedAt = yield* monotonicMillis;
  const requestAt = yield* Clock.currentTimeMillis;
  const stored = claimed.stored;
  // A negative entry is asked for in full: a 304 would only say that it is still not there.
  const conditional =
    stored !== undefined && !isNegative(stored.status) ? stored : undefined;
  const validators = conditional && validatorsOf(conditional.headers);

  const reply = yield* sendCall(known, ready, {
    method: "GET",
    target,
    headers: refreshHeaders(source, validators),
    headTimeoutMillis: source.timeoutMillis,
  });
  const responseAt = yield* Clock.currentTimeMillis;
  const headers = reply.rawHeaders;
  const asked = validators?.etag !== undefined || validators?.lastModified !== undefined;
  const meaning = meaningOf(reply.status, headers, asked, responseAt);

  if (meaning._tag === "Refusal") {
    reply.discard();
    count("upstream_refusals");
    yield* Effect.retry(quota.refused(source.id, meaning.notBefore), storeAgain);
    return { _tag: "Postponed" } as const;
  }
  if (reply.status === 401 || reply.status === 403) count("upstream_denials");
  if (ready.permit.afterRefusal)
    yield* Effect.ignore(quota.accepted(source.id), { log: "Warn" });

  switch (meaning._tag) {
    case "Failure":
      reply.discard();
      return { _tag: "Failed", error: meaning.error, retry: meaning.retry } as const;
    case "Redirect":
      reply.discard();
      return meaning;
    case "NotModified":
      reply.discard();
      if (source.notModifiedIsFree) {
        // The call is worth more to the next key than the failure to give it back is to us.
        yield* Effect.ignore(
          quota.giveBack(source.id, source.rateLimit, ready.permit.ticket),
        );
      }
      if (conditional === undefined) throw new Error("Expected a 304 to be asked for");
      return renewalOf(source, conditional.etag, conditional.headers, {
        headers,
        requestAt,
        responseAt,
      });
    case "Answer": {
      const spentMillis = (yield* monotonicMillis) - startedAt;
      const body = yield* collect(known, reply, source.timeoutMillis - spentMillis);
      const params = matchTemplate(known.template, claimed.key) ?? {};
      const answer = { status: reply.status, headers, body, requestAt, responseAt };
      return outcomeOf(source, claimed.key, params, answer);
    }
  }
});

const collect = Effect.fnUntraced(function* (
  { source }: KnownSource,
  reply: UpstreamReply,
  millisLeft: number,
) {
  const upstream = yield* Upstream;
  const { bytes } = yield* upstream.collect(reply, {
    maxBytes: source.maxBodyBytes,
    deadlineMillis: Math.max(1, millisLeft),
  });
  return bytes;
});
