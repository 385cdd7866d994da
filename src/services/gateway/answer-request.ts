/**
 * Answers a request of the data plane.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { effectiveSettings } from "../../domain/api-proxy/effective-settings.ts";
import { answerCached } from "./answer-cached.ts";
import { countRequest } from "./count-request.ts";
import type { GatewayRequest } from "./gateway-request.ts";
import { answerHere } from "./answer-here.ts";
import { passThrough } from "./pass-through.ts";
import { routeRequest, type RoutedRequest } from "./route-request.ts";

export const answerRequest = Effect.fn("answerRequest")(function* (
  request: GatewayRequest,
) {
  const routed = yield* routeRequest(request);
  const here = answerHere(routed);
  if (here !== undefined) return yield* here;
  return yield* countRequest(routed, answer(routed));
});

const answer = Effect.fnUntraced(function* (routed: RoutedRequest) {
  const effective = effectiveSettings(routed.proxy, routed.endpoint);
  if (effective !== undefined) return yield* answerCached(routed, effective);
  const report = { forwarded: "bypass", detail: "no cache settings are active" } as const;
  return yield* passThrough(routed, report);
});
