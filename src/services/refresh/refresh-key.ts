/**
 * Asks the upstream for one key: up to three attempts, each by its own permit.
 *
 * @module
 */
import { Clock, Effect, Random } from "effect";
import type { HeaderList } from "../../domain/entry/entry.ts";
import { retryPauseMillis } from "../../domain/refresh/backoff.ts";
import {
  outcomeOf,
  type RefreshOutcome,
  renewalOf,
} from "../../domain/refresh/refresh-outcome.ts";
import type { RefreshFailureCode } from "../../domain/refresh/task.ts";
import {
  meaningOf,
  refreshHeaders,
  validatorsOf,
} from "../../domain/refresh/upstream-exchange.ts";
import { matchTemplate } from "../../domain/source/key-template.ts";
import { isNegative } from "../../domain/source/source.ts";
import { redirectTarget } from "../../domain/source/redirect-target.ts";
import { upstreamTarget } from "../../domain/source/upstream-url.ts";
import { CallQuota } from "../quota/call-quota.ts";
import { monotonicMillis, type NoCallFree } from "../quota/permit.ts";
import type { StoreUnavailable } from "../errors.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { type Ready, readyToCall, sendCall } from "./call-upstream.ts";
import type { Claimed } from "./task-queue.ts";
import { Upstream, type UpstreamReply } from "./upstream.ts";
import type {
  UpstreamBodyRefused,
  UpstreamBroken,
  UpstreamUnreachable,
} from "./upstream-errors.ts";

const MAX_REDIRECTS = 3;

/** How the first attempt gets ready; the later ones connect and spend for themselves. */
export type FirstReady = Effect.Effect<
  Ready,
  UpstreamUnreachable | NoCallFree | StoreUnavailable
>;

/** Refreshes the key of `claimed`. Stores nothing. Fails only where no attempt could be made. */
export const refreshKey = Effect.fn("refreshKey")(function* (
  known: KnownSource,
  claimed: Claimed,
  first: FirstReady,
) {
  const startedAt = yield* monotonicMillis;
  let outcome = yield* attempt(known, claimed, first);
  for (let attempts = 1; outcome._tag === "Failed" && outcome.retry; attempts++) {
    const elapsed = (yield* monotonicMillis) - startedAt;
    const pause = retryPauseMillis(attempts, elapsed, yield* Random.next);
    if (pause === undefined) return outcome;
    yield* Effect.sleep(pause);
    const failed: RefreshOutcome = outcome;
    outcome = yield* attempt(known, claimed, readyToCall(known)).pipe(
      Effect.catchTag("NoCallFree", () => Effect.succeed({ ...failed, retry: false })),
    );
  }
  return outcome;
});

/** One attempt with the redirects it leads to; every call of it has its permit. */
const attempt = (
  known: KnownSource,
  claimed: Claimed,
  ready: FirstReady | ReturnType<typeof readyToCall>,
) =>
  Effect.gen(function* () {
    const { source, base } = known;
    const first = upstreamTarget(base, source.defaultQuery, claimed.key);
    if (first._tag === "Refused") return failed("REDIRECT_REFUSED", first.reason);

    let target = first.target;
    let next = ready;
    for (let redirects = 0; ; redirects++) {
      const called = yield* callOnce(known, claimed, yield* next, target);
      if (called._tag !== "Redirect") return called;
      const redirected = redirectTarget(base.origin, target, called.location);
      if (redirected._tag === "Refused")
        return failed("REDIRECT_REFUSED", redirected.reason);
      if (redirects === MAX_REDIRECTS) {
        return failed(
          "REDIRECT_REFUSED",
          `Upstream redirected more than ${MAX_REDIRECTS} times`,
        );
      }
      target = redirected.target;
      next = whenFree(known);
    }
  }).pipe(
    Effect.catchTag(
      ["UpstreamUnreachable", "UpstreamBroken", "UpstreamBodyRefused"],
      (error) => Effect.succeed(failureOf(error)),
    ),
  );

/** A redirect must not be begun anew for want of a call, which would spend without end: it waits. */
const whenFree = (known: KnownSource): ReturnType<typeof readyToCall> =>
  Effect.catchTag(readyToCall(known), "NoCallFree", (error) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis;
      if (error.retryAt === undefined) return yield* error;
      yield* Effect.sleep(Math.max(1, error.retryAt - now));
      return yield* whenFree(known);
    }),
  );

const callOnce = Effect.fnUntraced(function* (
  known: KnownSource,
  claimed: Claimed,
  ready: Ready,
  target: string,
) {
  const { source } = known;
  const quota = yield* CallQuota;
  const startedAt = yield* monotonicMillis;
  const requestAt = yield* Clock.currentTimeMillis;
  const stored = claimed.stored;
  // A negative entry is asked for in full: a 304 would only say that it is still not there.
  const conditional =
    stored !== undefined && !isNegative(stored.status) ? stored : undefined;
  const validators = conditional && validatorsOf(conditional.headers);

  const { reply, permit } = yield* sendCall(known, ready, {
    method: "GET",
    target,
    headers: refreshHeaders(source, validators),
    headTimeoutMillis: source.timeoutMillis,
  });
  const responseAt = yield* Clock.currentTimeMillis;
  const headers: HeaderList = reply.rawHeaders;
  const asked = validators?.etag !== undefined || validators?.lastModified !== undefined;
  const meaning = meaningOf(reply.status, headers, asked, responseAt);

  if (meaning._tag === "Refusal") {
    reply.discard();
    yield* quota.refused(source.id, meaning.notBefore);
    return { _tag: "Postponed" } as const;
  }
  if (permit.afterRefusal)
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
        yield* Effect.ignore(quota.giveBack(source.id, source.rateLimit, permit.ticket));
      }
      if (conditional === undefined)
        return failed("UPSTREAM_STATUS", "Upstream answered 304");
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

function failureOf(
  error: UpstreamUnreachable | UpstreamBroken | UpstreamBodyRefused,
): RefreshOutcome {
  const { message } = error;
  switch (error._tag) {
    case "UpstreamUnreachable":
      return error.reason === "timeout"
        ? failed("UPSTREAM_TIMEOUT", message, true)
        : failed("UPSTREAM_UNREACHABLE", message, error.reason !== "address-refused");
    case "UpstreamBroken":
      return failed(
        error.reason === "timeout" ? "UPSTREAM_TIMEOUT" : "UPSTREAM_BROKEN",
        message,
        true,
      );
    case "UpstreamBodyRefused":
      switch (error.reason) {
        case "too-large":
          return failed("BODY_TOO_LARGE", message);
        case "encoding":
          return failed("BODY_INVALID", message);
        case "timeout":
          return failed("UPSTREAM_TIMEOUT", message, true);
        case "truncated":
          return failed("UPSTREAM_BROKEN", message, true);
      }
  }
}

function failed(code: RefreshFailureCode, detail: string, retry = false) {
  return { _tag: "Failed", error: { code, detail }, retry } as const;
}
