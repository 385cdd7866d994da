/**
 * Asks the upstream for one key: up to three attempts, each by its own permit.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import { retryPauseMillis } from "../../domain/refresh/backoff.ts";
import { failed } from "../../domain/refresh/refresh-failure.ts";
import type { RefreshOutcome } from "../../domain/refresh/refresh-outcome.ts";
import { matchTemplate } from "../../domain/source/key-template.ts";
import { redirectTarget } from "../../domain/source/redirect-target.ts";
import { upstreamTarget } from "../../domain/source/upstream-url.ts";
import { monotonicMillis, type NoCallFree } from "../quota/permit.ts";
import type { StoreUnavailable } from "../errors.ts";
import { type KnownSource, SourceDirectory } from "../source/source-directory.ts";
import { callOnce } from "./call-once.ts";
import { type Ready, readyToCall } from "./call-upstream.ts";
import type { Claimed } from "./task-queue.ts";
import type {
  UpstreamBodyRefused,
  UpstreamBroken,
  UpstreamUnreachable,
} from "./upstream-errors.ts";

const MAX_REDIRECTS = 3;
/** Over a minute: a source with one call a minute can follow a redirect too. */
const REDIRECT_PATIENCE_MILLIS = 120_000;

/** How the first attempt gets ready; the later ones connect and spend for themselves. */
export type FirstReady = Effect.Effect<
  Ready,
  UpstreamUnreachable | NoCallFree | StoreUnavailable
>;

type LaterReady = Effect.Effect<
  Ready,
  UpstreamUnreachable | NoCallFree | StoreUnavailable,
  Effect.Services<ReturnType<typeof readyToCall>> | SourceDirectory
>;

/** Refreshes the key of `claimed`. Stores nothing. Fails only where no attempt could be made. */
export const refreshKey = Effect.fn("refreshKey")(function* (
  known: KnownSource,
  claimed: Claimed,
  first: FirstReady,
) {
  const startedAt = yield* monotonicMillis;
  const target = targetOf(known, claimed.key);
  if (target._tag === "Failed") {
    yield* letGo(first);
    return target;
  }
  const calling = Effect.flatMap(first, (ready) =>
    callOnce(known, claimed, ready, target.target),
  );
  let outcome = yield* attempt(known, claimed, target.target, calling);
  for (let attempts = 1; outcome._tag === "Failed" && outcome.retry; attempts++) {
    const elapsed = (yield* monotonicMillis) - startedAt;
    const pause = retryPauseMillis(attempts, elapsed, yield* Random.next);
    if (pause === undefined) return outcome;
    yield* Effect.sleep(pause);
    const failed: RefreshOutcome = outcome;
    const again = callLater(known, claimed, readyAgain(known), target.target);
    outcome = yield* attempt(known, claimed, target.target, again).pipe(
      Effect.catchTag("NoCallFree", () => Effect.succeed({ ...failed, retry: false })),
    );
  }
  return outcome;
});

/** What is called for `key`, if the source still has it. */
function targetOf({ source, base, template }: KnownSource, key: string) {
  if (matchTemplate(template, key) === undefined) {
    const detail = "The source's key_template admits the key no more";
    return failed("KEY_NOT_ADMITTED", detail);
  }
  const first = upstreamTarget(base, source.defaultQuery, key);
  return first._tag === "Refused" ? failed("REDIRECT_REFUSED", first.reason) : first;
}

/** The connection that a call was to use which is not made. */
const letGo = (ready: FirstReady) =>
  Effect.ignore(Effect.map(ready, ({ connection }) => connection.release()));

type Calling = ReturnType<typeof callOnce>;
type CallFailure = Effect.Error<Calling> | Effect.Error<FirstReady>;

/** One attempt: `first`, the call to `firstTarget`, and those that it is redirected to. */
const attempt = <R>(
  known: KnownSource,
  claimed: Claimed,
  firstTarget: string,
  first: Effect.Effect<Effect.Success<Calling>, CallFailure, R>,
) =>
  Effect.gen(function* () {
    const { base } = known;
    let target = firstTarget;
    let called = yield* first;
    for (let redirects = 0; called._tag === "Redirect"; redirects++) {
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
      called = yield* callLater(known, claimed, whenFree(known), target);
    }
    return called;
  }).pipe(
    Effect.catchTag(
      ["UpstreamUnreachable", "UpstreamBroken", "UpstreamBodyRefused"],
      (error) => Effect.succeed(failureOf(error)),
    ),
  );

/**
 * A call behind others of the same refresh. A permit that comes too late for it is made up
 * for by another, once: to begin anew would spend the calls before it again.
 */
const callLater = (
  known: KnownSource,
  claimed: Claimed,
  getReady: LaterReady,
  target: string,
) => {
  const call = (ready: Ready) => callOnce(known, claimed, ready, target);
  return Effect.flatMap(getReady, (ready) =>
    Effect.catchTag(call(ready), "NoCallFree", () => Effect.flatMap(getReady, call)),
  );
};

/** A later call spends by the limit that is in force by then. */
const readyAgain = (known: KnownSource): LaterReady =>
  Effect.gen(function* () {
    const latest = (yield* SourceDirectory).find(known.source.id);
    return yield* readyToCall(latest?.space === known.space ? latest : known);
  });

/**
 * A redirect must not be begun anew for want of a call, which would spend without end: it
 * waits, for a while, and goes on if the source is still what it was.
 */
const whenFree = (known: KnownSource): LaterReady =>
  Effect.catchTag(readyAgain(known), "NoCallFree", (error) =>
    Effect.gen(function* () {
      const directory = yield* SourceDirectory;
      const now = yield* Clock.currentTimeMillis;
      const wait = (error.retryAt ?? Infinity) - now;
      if (wait > REDIRECT_PATIENCE_MILLIS) return yield* error;
      yield* Effect.sleep(Math.max(1, wait));
      if (directory.find(known.source.id)?.source !== known.source) return yield* error;
      return yield* whenFree(known);
    }),
  );

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
