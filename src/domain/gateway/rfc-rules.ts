/**
 * How the gateway keeps and serves where its settings have no `ttl`: as a shared cache after
 * RFC 9111 and its relatives, for the operator's `stale_if_error_s` where the origin is silent.
 *
 * @module
 */
import { requestDirectives, responseDirectives } from "../http-cache/cache-control.ts";
import { withoutFields } from "../http-cache/field-value.ts";
import { lifetimeOf } from "../http-cache/freshness.ts";
import { reusePlan } from "../http-cache/reuse.ts";
import { storedHeaders } from "../http-cache/stored-headers.ts";
import { isWorthStoring, mayStore } from "../http-cache/storing.ts";
import type { Conceal } from "../http-cache/vary.ts";
import { CREDENTIALS, mayBeKept } from "./between-users.ts";
import type { Asked, CacheRules, Plan, Replied } from "./cache-rules.ts";
import type { StoredResponse } from "./stored-response.ts";

export interface RfcOptions {
  readonly staleIfErrorMillis: number;
  readonly conceal: Conceal;
}

export function rfcRules(options: RfcOptions): CacheRules {
  const { staleIfErrorMillis } = options;
  return {
    policy: "rfc9111",
    asksForWhole: false,
    judgesAsOrigin: false,
    plan: (asked, variants, now) => planByRfc(asked, variants, now, options),
    refusal: (asked, replied) => refusalByRfc(asked, replied, staleIfErrorMillis),
    lifetime: (replied) => lifetimeOf(replied, { ...replied, staleIfErrorMillis }),
    storedHeaders: ({ headers, responseAt }) => storedHeaders(headers, responseAt),
  };
}

function planByRfc(
  asked: Asked,
  variants: readonly StoredResponse[],
  now: number,
  { staleIfErrorMillis, conceal }: RfcOptions,
): Plan {
  const plan = reusePlan({
    request: asked,
    stored: variants,
    now,
    honoursRefresh: asked.mayRefresh,
    staleIfErrorMillis,
    conceal,
  });
  switch (plan._tag) {
    case "Serve":
      return { ...plan, renews: plan.revalidate };
    case "GatewayTimeout":
      return { _tag: "Unavailable" };
    case "Revalidate":
      return {
        _tag: "Forward",
        because: plan.reason,
        selected: plan.stored,
        mayFallBack: plan.mayServeOnError,
      };
    case "Forward":
      return {
        _tag: "Forward",
        because: plan.reason,
        selected: undefined,
        mayFallBack: false,
      };
  }
}

function refusalByRfc(
  asked: Asked,
  replied: Replied,
  staleIfErrorMillis: number,
): string | undefined {
  const said = responseDirectives(replied.headers);
  // About cookies the origin alone decides.
  const credentials = asked.credentials.filter((name) => name !== "cookie");
  if (!mayBeKept(credentials, replied.headers)) return CREDENTIALS;
  // One that is part of what it is kept under is nobody else's.
  const headers = withoutFields(asked.headers, AUTHORIZATION);
  const request = { ...asked, headers };
  const exchanged = { request, response: replied, isComplete: true };
  const wishes = requestDirectives(asked.headers);
  const heard = { ...wishes, noStore: wishes.noStore && asked.mayRefresh };
  const storing = mayStore(exchanged, said, heard);
  if (storing._tag === "NotStorable") return storing.reason;
  const lifetime = lifetimeOf(replied, { ...replied, staleIfErrorMillis }, said);
  return isWorthStoring(replied.headers, lifetime, replied.responseAt, said)
    ? undefined
    : "no freshness and no validator";
}

const AUTHORIZATION = new Set(["authorization"]);
