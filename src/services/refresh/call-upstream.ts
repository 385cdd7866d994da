/**
 * One call to a source's upstream, by a permit, over a connection that is ready.
 *
 * Connecting comes first and spending second: a slow handshake must not eat the permit.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Counters } from "../counters.ts";
import { awaitPermit } from "../quota/await-permit.ts";
import { isForfeit, NoCallFree, type Permit } from "../quota/permit.ts";
import type { KnownSource } from "../source/source-directory.ts";
import { Upstream, type UpstreamConnection, type UpstreamRequest } from "./upstream.ts";

/** All that a call needs to start at once. */
export interface Ready {
  readonly connection: UpstreamConnection;
  readonly permit: Permit;
}

/** A connection to the source's origin, its address checked. */
export const connectUpstream = Effect.fnUntraced(function* ({
  source,
  origin,
}: KnownSource) {
  const upstream = yield* Upstream;
  return yield* upstream.connect(origin, source.timeoutMillis);
});

/**
 * Connects, then spends one call, for which it waits `waitMillis` at most. Gives the
 * connection back where none is free.
 */
export const readyToCall = Effect.fnUntraced(function* (
  known: KnownSource,
  waitMillis = 0,
) {
  const connection = yield* connectUpstream(known);
  const permit = yield* awaitPermit(known.source, waitMillis).pipe(
    Effect.onError(() => Effect.sync(() => connection.release())),
  );
  return { connection, permit } satisfies Ready;
});

/** Sends `request`; a permit that has gone stale is forfeit, and fails with `NoCallFree`. */
export const sendCall = Effect.fnUntraced(function* (
  { source }: KnownSource,
  { connection, permit }: Ready,
  request: UpstreamRequest,
) {
  if (yield* isForfeit(source, permit, 1)) {
    connection.release();
    return yield* new NoCallFree({ sourceId: source.id, retryAt: undefined });
  }
  (yield* Counters).count("upstream_calls");
  return yield* connection.send(request);
});
