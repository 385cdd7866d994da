/**
 * What is stored answers in the place of an upstream that fails, or may not be asked.
 *
 * Source: RFC 5861 §4; RFC 9111 §4.2.4; contract §7.4.
 *
 * @module
 */
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { Fill } from "./fill-cache.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import { serveStored } from "./serve-stored.ts";

/** Ends the fill. `why` is told in `Cache-Status`. */
export function standIn(
  { cached, plan, land }: Pick<Fill, "cached" | "plan" | "land">,
  stored: StoredResponse,
  now: number,
  why: { readonly detail?: string; readonly forwardStatus?: number },
): GatewayAnswer {
  land("Failed");
  const report = { forwarded: plan.because, ...why };
  return serveStored(cached, stored, { label: "STALE", now, report });
}
