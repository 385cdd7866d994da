/**
 * Why the data plane answers in the place of the upstream.
 *
 * @module
 */
import * as Data from "effect/Data";
import type { HeaderList } from "../../domain/entry/entry.ts";

/** The words of an answer's `error`; each has its status. */
export const REFUSALS = {
  bad_request: 400,
  unauthorized_client: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  rate_limit_exceeded: 429,
  bad_gateway: 502,
  service_unavailable: 503,
  gateway_timeout: 504,
} as const;

export class GatewayRefused extends Data.TaggedError("GatewayRefused")<{
  readonly error: keyof typeof REFUSALS;
  readonly description: string;
  readonly headers?: HeaderList;
}> {
  override get message() {
    return this.description;
  }
}
