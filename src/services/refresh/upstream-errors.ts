/**
 * How a call to an upstream fails.
 *
 * `detail` is for people: it may name a host, never a header value, a query or a secret.
 *
 * @module
 */
import * as Data from "effect/Data";

/** No connection, so nothing was sent and no call was spent. */
export class UpstreamUnreachable extends Data.TaggedError("UpstreamUnreachable")<{
  readonly reason: "address-refused" | "dns" | "connect" | "tls" | "timeout";
  readonly detail: string;
}> {
  override get message() {
    return `Cannot connect to the upstream: ${this.detail}`;
  }
}

/**
 * The exchange began and didn't come to its end.
 *
 * `reset`: the connection went before the head was there. `protocol`: what arrived is not
 * HTTP, or what was to be sent is not. `body`: the head came, its body not whole.
 */
export class UpstreamBroken extends Data.TaggedError("UpstreamBroken")<{
  readonly reason: "timeout" | "reset" | "protocol" | "body";
  readonly detail: string;
}> {
  override get message() {
    return `Cannot complete the exchange with the upstream: ${this.detail}`;
  }
}

/** The body arrived, or would have, and can't be taken. */
export class UpstreamBodyRefused extends Data.TaggedError("UpstreamBodyRefused")<{
  readonly reason: "too-large" | "encoding" | "truncated" | "timeout";
  readonly detail: string;
}> {
  override get message() {
    return `Cannot take the upstream's body: ${this.detail}`;
  }
}
