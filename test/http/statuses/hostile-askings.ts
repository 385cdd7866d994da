/**
 * Requests that no route has reason to like.
 *
 * @module
 */
import type { DeclaredRoute } from "../../../src/http/route.ts";
import { type Asking, but } from "./asking.ts";
import { BYPASS, NOBODY, SECOND_TOKEN, tooLargeFor } from "./shared-cases.ts";
import { credentialsOf } from "./world.ts";

const queries = [
  "source_id=nowhere",
  "limit=0&cursor=x&prefix=%00&state=x&soft=x&keep_cache=x&max_per_source=0&time_budget_ms=x",
  "cursor=AAAA.AAAA",
  "limit=%ZZ",
];

const headers: readonly Readonly<Record<string, string>>[] = [
  NOBODY,
  SECOND_TOKEN,
  credentialsOf("restricted"),
  { ...credentialsOf("guest"), ...BYPASS },
  { ...BYPASS, "X-UC-Cache-Only": "1" },
  { "X-UC-Wait": "maybe" },
  { Prefer: "wait=0, wait=x", "If-None-Match": '"' },
  { "Idempotency-Key": "x".repeat(10_000) },
  { "Content-Type": "text/plain" },
  { ...NOBODY, Accept: "application/problem+json" },
];

const params = [
  { source_id: "nowhere" },
  { source_id: "\0", key: "\0", task_id: "\0" },
  { source_id: "x".repeat(1_000), key: "x".repeat(5_000), task_id: "x".repeat(1_000) },
  { key: "/elsewhere", task_id: "t_1" },
];

const bodies = ["", "{", "null", "[]", "{}", '{"__proto__":{}}', '{"keys":["\\u0000"]}'];

/** The route's sample, spoilt in one point each. */
export function hostileAskings(route: DeclaredRoute, sample: Asking): readonly Asking[] {
  const bodiless = route.method === "get";
  const texts = bodiless ? [] : [...bodies, tooLargeFor(route)];
  return [
    ...queries.map((query) => ({ query })),
    ...headers.map((headers) => ({ headers })),
    ...params.map((params) => ({ params })),
    ...texts.map((text) => ({ text })),
    { template: route.path.replaceAll(/\{\w+\}/g, "%ZZ") },
  ].map((spoilt) => but(sample, spoilt));
}
