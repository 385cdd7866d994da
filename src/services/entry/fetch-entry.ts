/**
 * Gets the upstream's answer to a read, in one of the ways a plan knows.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { EntryId } from "../../domain/entry/entry.ts";
import type { Fetch } from "../../domain/entry/read-plan.ts";
import { restingFailure } from "../../domain/refresh/refresh-standing.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { awaitRefresh } from "./await-refresh.ts";
import { answeredAt, type Loaded, standingOf } from "./entry-memory.ts";
import { callNow, tryNow } from "./fetch-now.ts";
import { type Fetched, notNow } from "./fetched.ts";

export interface FetchRequest {
  readonly known: KnownSource;
  readonly id: EntryId;
  /** What was found under `id`. */
  readonly loaded: Loaded;
  readonly waitMillis: number;
  readonly now: number;
}

/** Carries `fetch` out. Where an old value is at hand, a store that is away is no failure. */
export const fetchEntry = (fetch: Fetch, request: FetchRequest) =>
  carryOut(fetch, request).pipe(
    Effect.catchTag("StoreUnavailable", (error) =>
      fetch.otherwise._tag === "Serve" ? Effect.succeed(notNow) : Effect.fail(error),
    ),
  );

const carryOut = Effect.fnUntraced(function* (fetch: Fetch, request: FetchRequest) {
  const { known, id, loaded, waitMillis, now } = request;
  const seenAt = answeredAt(loaded);
  const forces = fetch.label === "BYPASS";
  const wanted = { ...id, newerThan: forces ? undefined : seenAt };

  switch (fetch.how) {
    case "try":
      if (loaded._tag === "Absent") return notNow;
      return yield* tryNow(known, loaded.held, now);
    case "call":
      return yield* callNow(known, wanted, loaded);
    case "wait": {
      const standing = standingOf(loaded);
      const failure = restingFailure(standing, now);
      // Who bypasses the cache asks again by name; a reader takes the failure for an answer.
      const isAsked = forces || standing.task !== undefined;
      if (!isAsked && failure !== undefined) {
        return { _tag: "Failed", failure } satisfies Fetched;
      }
      return yield* awaitRefresh(known, wanted, {
        seen: loaded,
        millis: waitMillis,
        explicit: forces,
      });
    }
  }
});
