/**
 * Carries out a request that names itself at most once, and gives its answer again.
 *
 * The answer is kept before it goes out. Where the store is away at that moment it goes
 * out all the same, for it is true, and is kept as soon as the store is back; until then
 * the request counts as running.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Schedule from "effect/Schedule";
import { idempotencyKeyFault } from "../../domain/idempotency/idempotency-key.ts";
import { type Answer, isKept, keptPart } from "../../domain/idempotency/kept-answer.ts";
import { RUN_LEASE_MILLIS } from "../../domain/idempotency/repeat-plan.ts";
import {
  IdempotencyKeyReused,
  IdempotencyKeyRunning,
  Invalid,
  type StoreUnavailable,
} from "../errors.ts";
import { Background } from "../refresh/background.ts";
import { IdempotencyKeys, type RequestName } from "./idempotency-keys.ts";

const PAUSE_MILLIS = 1_000;

/** `work` runs once for each name and request; `fingerprint` tells one request from another. */
export const answerOnce = Effect.fn("answerOnce")(function* (
  name: RequestName,
  fingerprint: Uint8Array,
  work: Effect.Effect<Answer>,
) {
  const fault = idempotencyKeyFault(name.key);
  if (fault !== undefined) {
    const problems = [{ field: "Idempotency-Key", message: fault }];
    return yield* new Invalid({ problems });
  }
  const keys = yield* IdempotencyKeys;

  const beginning = yield* keys.begin(name, fingerprint);

  if (beginning._tag === "Mismatch") return yield* new IdempotencyKeyReused();
  if (beginning._tag === "StillRunning") return yield* new IdempotencyKeyRunning();
  if (beginning._tag === "Replay") return { answer: beginning.answer, replayed: true };
  const { run } = beginning;
  const answer = yield* Effect.onError(work, () => sureToEnd(keys.forget(run)));
  yield* sureToEnd(
    isKept(answer.status) ? keys.answered(run, keptPart(answer)) : keys.forget(run),
  );
  return { answer, replayed: false };
});

/** Tries once, and behind the answer as long as the lease lasts. */
const sureToEnd = (end: Effect.Effect<void, StoreUnavailable>) =>
  Effect.catchTag(end, "StoreUnavailable", () =>
    Effect.flatMap(Background, ({ start }) => start(endBehind(end))),
  );

const endBehind = (end: Effect.Effect<void, StoreUnavailable>) =>
  end.pipe(
    Effect.retry({
      schedule: Schedule.spaced(PAUSE_MILLIS),
      times: RUN_LEASE_MILLIS / PAUSE_MILLIS,
    }),
    Effect.catchTag("StoreUnavailable", (error) =>
      Effect.logWarning("Cannot keep the answer to an Idempotency-Key", error),
    ),
  );
