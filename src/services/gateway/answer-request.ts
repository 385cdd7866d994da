/**
 * Answers a request of the data plane.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { effectiveSettings } from "../../domain/gateway/effective-settings.ts";
import { answerCached } from "./answer-cached.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { passThrough } from "./pass-through.ts";
import { routeRequest } from "./route-request.ts";

export const answerRequest = Effect.fn("answerRequest")(function* (
  request: GatewayRequest,
) {
  const routed = yield* routeRequest(request);
  const effective = effectiveSettings(routed.proxy, routed.endpoint);
  if (effective !== undefined) return yield* answerCached(routed, effective);
  const report = { forwarded: "bypass", detail: "no cache settings are active" } as const;
  return yield* passThrough(routed, "BYPASS", report);
});
