/**
 * Brings what is stored up to date with the 304 that confirmed it.
 *
 * Source: RFC 9111 §4.3.3, §4.3.4.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { freshened, updatedHeaders } from "../../domain/http-cache/freshening.ts";
import { freshenedBy } from "../../domain/http-cache/validation.ts";
import { selectingOf, variantName } from "../../domain/http-cache/vary.ts";
import type { SourceReply } from "./call-source.ts";
import type { Fill } from "./fill-cache.ts";
import { passedHeaders } from "./pass-through.ts";
import { serveStored } from "./serve-stored.ts";

/** Answers from what was confirmed; `undefined`: the 304 is about nothing that is stored. */
export const confirm = Effect.fnUntraced(function* (fill: Fill, reply: SourceReply) {
  const { cached, plan, variants, exchange } = fill;
  const { asked, rules, conceal } = cached;
  const candidates =
    rules.policy === "ttl" && plan.selected !== undefined ? [plan.selected] : variants;
  const confirmed = freshenedBy(candidates, reply.rawHeaders).map((one) =>
    updated(fill, one, reply),
  );
  // No part was asked about: one with the tag of a whole is not the answer.
  const first = confirmed.find(({ status }) => status !== 206);
  if (first === undefined) return undefined;
  // What the origin confirms for this request, this request selects.
  const selecting = selectingOf(asked.headers, first.headers, conceal) ?? first.selecting;
  const chosen = { ...first, selecting, variant: variantName(selecting) };
  const others = confirmed.filter(({ variant }) => variant !== chosen.variant);
  const replied = { ...reply, status: chosen.status, headers: chosen.headers };
  const mayKeep = rules.refusal(asked, replied) === undefined && !exchange.isOutdated();
  const outcomes = yield* Effect.forEach(mayKeep ? [...others, chosen] : [], (one) =>
    Effect.orElseSucceed(exchange.keep(one), () => "Lost" as const),
  );
  fill.land();
  const now = yield* Clock.currentTimeMillis;
  const report = {
    forwarded: plan.because,
    forwardStatus: 304,
    stored: outcomes.at(-1) === "Saved",
  };
  return serveStored({ asked, rules }, chosen, { label: "MISS", now, report });
});

function updated(
  { cached }: Fill,
  stored: StoredResponse,
  reply: SourceReply,
): StoredResponse {
  const { rules, routed } = cached;
  const headers = passedHeaders(routed, reply);
  const { requestAt, responseAt } = reply;
  if (rules.policy === "rfc9111") {
    const { staleIfErrorMillis } = routed.source.source;
    return freshened(stored, headers, { requestAt, responseAt, staleIfErrorMillis });
  }
  const replied = { status: stored.status, headers, requestAt, responseAt };
  return {
    ...stored,
    headers: updatedHeaders(stored.headers, rules.storedHeaders(replied)),
    lifetime: rules.lifetime(replied),
    requestAt,
    responseAt,
  };
}
