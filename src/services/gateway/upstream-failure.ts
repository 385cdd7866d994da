/**
 * What a client is told when the upstream could not be asked, or did not answer.
 *
 * @module
 */
import type { NoCallFree } from "../quota/permit.ts";
import type { StoreUnavailable } from "../errors.ts";
import type { UpstreamBroken, UpstreamUnreachable } from "../refresh/upstream-errors.ts";
import { GatewayRefused } from "./refused.ts";

export type CallFailure =
  | NoCallFree
  | StoreUnavailable
  | UpstreamBroken
  | UpstreamUnreachable;

/** Where no call is free and it can't be told when one is. */
const RETRY_SECONDS = 1;

/** `isForbidden`: something is stored, and must not stand in. */
export function refusedBy(
  failure: CallFailure,
  now: number,
  isForbidden = false,
): GatewayRefused {
  switch (failure._tag) {
    case "NoCallFree": {
      const wait = (failure.retryAt ?? now) - now;
      const seconds = Math.max(RETRY_SECONDS, Math.ceil(wait / 1_000));
      return new GatewayRefused({
        error: "rate_limit_exceeded",
        description: "No call of the upstream's quota is free",
        headers: [["Retry-After", String(seconds)]],
      });
    }
    case "StoreUnavailable":
      return new GatewayRefused({
        error: "service_unavailable",
        description: "The store can't be reached",
      });
    case "UpstreamUnreachable":
    case "UpstreamBroken":
      return failure.reason === "timeout" || isForbidden
        ? new GatewayRefused({
            error: "gateway_timeout",
            description: "The upstream did not answer in time",
          })
        : new GatewayRefused({
            error: "bad_gateway",
            description: "The upstream could not be reached, or its answer not be read",
          });
  }
}
