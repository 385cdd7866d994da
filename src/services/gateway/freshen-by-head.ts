/**
 * Holds what GET has stored against the answer to a HEAD.
 *
 * Source: RFC 9111 §4.3.5.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { freshenedByHead } from "../../domain/http-cache/freshening.ts";
import { selects } from "../../domain/http-cache/vary.ts";
import type { SourceReply } from "./call-source.ts";
import type { Fill } from "./fill-cache.ts";
import { passedHeaders } from "./pass-through.ts";

/** Renews the variants that the request selects, or makes them stale. */
export const freshenByHead = Effect.fnUntraced(function* (
  { cached, exchange, variants }: Fill,
  reply: SourceReply,
) {
  const { asked, conceal, routed, rules } = cached;
  if (rules.policy === "ttl") return;
  const { staleIfErrorMillis } = routed.source.source;
  const head = { status: reply.status, headers: passedHeaders(routed, reply) };
  const selected = variants.filter((one) => selects(one, asked.headers, conceal));
  for (const one of selected) {
    const freshened = freshenedByHead(one, head, { ...reply, staleIfErrorMillis });
    if (freshened === one) continue;
    yield* Effect.ignore(exchange.keep(freshened), { log: "Warn" });
  }
});
