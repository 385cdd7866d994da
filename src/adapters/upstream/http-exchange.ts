/**
 * Calls upstreams over `node:net`, `node:tls` and `node:http`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { parseCidrs } from "../../domain/source/address-rules.ts";
import type { Cidr } from "../../domain/source/ip-address.ts";
import { originKey, type UpstreamOrigin } from "../../domain/source/origin.ts";
import { Upstream, type UpstreamConnection } from "../../services/refresh/upstream.ts";
import { UpstreamUnreachable } from "../../services/refresh/upstream-errors.ts";
import { collectBody } from "./collect-body.ts";
import { ConnectionPool } from "./connection-pool.ts";
import { dial, type DialOptions, timedOut } from "./dial.ts";
import { exchange } from "./exchange.ts";
import type { KeptSocket } from "./kept-socket.ts";
import { IDLE_MILLIS } from "./kept-socket.ts";

export interface UpstreamOptions {
  /** Ranges that are not public and may be called all the same. */
  readonly allowCidrs: readonly string[];
  /** PEM certificates to trust instead of the runtime's own. */
  readonly certificateAuthorities?: readonly string[];
}

/** Dies where a range is none. Closing it closes the kept connections. */
export const layer = (options: UpstreamOptions) =>
  Layer.effect(
    Upstream,
    Effect.gen(function* () {
      const dialOptions: DialOptions = {
        allowed: cidrsOf(options.allowCidrs),
        certificateAuthorities: options.certificateAuthorities,
      };
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() => new ConnectionPool()),
        (pool) => Effect.sync(() => pool.close()),
      );

      return Upstream.of({
        connect: (origin, timeoutMillis) =>
          Effect.suspend(() => {
            const kept = pool.take(originKey(origin));
            if (kept !== undefined) return Effect.succeed(kept);
            return dialed(pool, origin, dialOptions, timeoutMillis);
          }).pipe(Effect.map((kept) => connectionOver(pool, kept, origin))),
        collect: collectBody,
      });
    }),
  );

function dialed(
  pool: ConnectionPool,
  origin: UpstreamOrigin,
  options: DialOptions,
  timeoutMillis: number,
): Effect.Effect<KeptSocket, UpstreamUnreachable> {
  return Effect.callback((resume) => {
    const attempt = new AbortController();
    const late = () => attempt.abort(timedOut(origin));
    const timer = setTimeout(late, Math.max(0, timeoutMillis));
    dial(origin, options, attempt.signal)
      .then((socket) => Effect.succeed(pool.admit(originKey(origin), socket)))
      .catch((cause: unknown) =>
        cause instanceof UpstreamUnreachable ? Effect.fail(cause) : Effect.die(cause),
      )
      .then(resume)
      .finally(() => clearTimeout(timer));
    return Effect.sync(() => {
      clearTimeout(timer);
      late();
    });
  });
}

function connectionOver(
  pool: ConnectionPool,
  kept: KeptSocket,
  origin: UpstreamOrigin,
): UpstreamConnection {
  let isSpent = false;
  return {
    reused: kept.reused,
    send: (request) =>
      Effect.suspend(() => {
        if (isSpent) return Effect.die(new Error("Cannot send: the connection is spent"));
        isSpent = true;
        return exchange(kept, origin, request);
      }),
    release: () => {
      if (isSpent) return;
      isSpent = true;
      pool.put(kept, IDLE_MILLIS);
    },
  };
}

function cidrsOf(texts: readonly string[]): readonly Cidr[] {
  const parsed = parseCidrs(texts.join(" "));
  if (parsed._tag === "Parsed") return parsed.cidrs;
  throw new Error(`Cannot read address range "${parsed.piece}"`);
}
