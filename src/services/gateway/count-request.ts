/**
 * Counts a request of the data plane by how it was answered.
 *
 * An answer counts once its head is there, among the reads of the cluster too. What we
 * answered in the place of the upstream is no read. A request that is refused for itself, as
 * one for a path that there is not, and one whose client left, are not counted at all.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Counters } from "../counters.ts";
import { type CacheLabel, countReads } from "../entry/count-reads.ts";
import type { GatewayAnswer } from "./gateway-request.ts";
import type { GatewayRefused } from "./refused.ts";
import type { RequestResult } from "./request-counts.ts";
import type { RoutedRequest } from "./route-request.ts";

const RESULTS: Readonly<Record<CacheLabel, RequestResult>> = {
  HIT: "hit",
  MISS: "miss",
  STALE: "stale",
  BYPASS: "bypass",
};

const REFUSED: ReadonlySet<GatewayRefused["error"]> = new Set([
  "rate_limit_exceeded",
  "bad_gateway",
  "service_unavailable",
  "gateway_timeout",
]);

/** Gives what `answering` gives. */
export const countRequest = Effect.fnUntraced(function* <R>(
  { proxy, endpoint }: Pick<RoutedRequest, "proxy" | "endpoint">,
  answering: Effect.Effect<GatewayAnswer, GatewayRefused, R>,
) {
  const counters = yield* Counters;
  const target = { proxyId: proxy.id, endpointId: endpoint?.id };
  const answer = yield* Effect.tapError(answering, ({ error }) =>
    Effect.sync(() => {
      if (REFUSED.has(error)) counters.countRequest(target, "refused");
    }),
  );
  counters.countRequest(target, RESULTS[answer.label]);
  yield* countReads(answer.label);
  return answer;
});
