/**
 * HTTP/1.1 calls to upstreams, connecting apart from sending.
 *
 * A permit to call is scarce and short-lived: whoever calls connects first, claims the
 * permit with the ready connection in hand, then sends. Nothing is followed, retried or
 * decompressed on the way.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { HeaderList } from "../../domain/entry/entry.ts";
import type { UpstreamOrigin } from "../../domain/source/origin.ts";
import type {
  UpstreamBodyRefused,
  UpstreamBroken,
  UpstreamUnreachable,
} from "./upstream-errors.ts";

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, sent as they are. */
  readonly target: string;
  /**
   * Sent in this order and spelling. `Host` is added where it is missing; the connection
   * and the framing of the body are ours, so `Connection`, `Keep-Alive`,
   * `Transfer-Encoding` and `Upgrade` are left out.
   */
  readonly headers: HeaderList;
  /** A stream goes out under the `Content-Length` given, else in chunks. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** The longest wait for the upstream until the head of its final answer is there. */
  readonly headTimeoutMillis: number;
  /** The longest time from head to the body's end, pauses of the reader included. */
  readonly bodyTimeoutMillis?: number | undefined;
  /** The longest wait for the next piece of the body while the reader asks for it. */
  readonly bodyIdleMillis?: number | undefined;
  /** Told of each 1xx answer. */
  readonly onInformational?: ((status: number, headers: HeaderList) => void) | undefined;
}

export interface UpstreamReply {
  readonly status: number;
  readonly rawHeaders: HeaderList;
  /**
   * To be read once, at the reader's pace; throws `UpstreamBroken`. Read to its end it
   * gives the connection back, left early it closes it.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the rest of the body up. Whoever doesn't read the body must call it. */
  readonly discard: () => void;
}

export interface UpstreamConnection {
  /** Whether an exchange went over it before: then the upstream may be closing it already. */
  readonly reused: boolean;
  /** Sends the one request of this connection. Interruption closes it. */
  readonly send: (
    request: UpstreamRequest,
  ) => Effect.Effect<UpstreamReply, UpstreamBroken>;
  /** Gives an unused connection back; does nothing after `send`. */
  readonly release: () => void;
}

export interface BodyLimits {
  /** Holds for the bytes received and for what they decompress to. */
  readonly maxBytes: number;
  readonly deadlineMillis: number;
}

export class Upstream extends Context.Service<
  Upstream,
  {
    /**
     * A connection ready to send on, a kept one where there is one. It must be used or
     * released within 30 s, else it closes.
     */
    readonly connect: (
      origin: UpstreamOrigin,
      timeoutMillis: number,
    ) => Effect.Effect<UpstreamConnection, UpstreamUnreachable>;
    /** The whole body without its `Content-Encoding`. Failure and interruption discard the reply. */
    readonly collect: (
      reply: UpstreamReply,
      limits: BodyLimits,
    ) => Effect.Effect<
      { readonly bytes: Uint8Array },
      UpstreamBroken | UpstreamBodyRefused
    >;
  }
>()("uni-cache/services/Upstream") {}
