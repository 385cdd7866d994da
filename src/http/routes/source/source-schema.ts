/**
 * A source on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { textFault } from "../../../domain/source/key-spelling.ts";
import {
  RESERVED_SOURCE_IDS,
  type Source,
  SOURCE_DEFAULTS,
  type SourceSettings,
  staleWhileRevalidateMillis,
} from "../../../domain/source/source.ts";
import { maskedHeaders, maskedQuery } from "../../../domain/source/secret-mask.ts";
import type { SettingsPatch } from "../../../domain/source/source-patch.ts";
import { toInstant } from "../../wire.ts";

const YEAR_SECONDS = 31_536_000;
const seconds = (description: string, example: number) =>
  z.int().min(0).max(YEAR_SECONDS).openapi({ description, example });
const calls = z.int().min(1).max(1_000_000_000);
const callsIn = (window: string, example: number) =>
  calls.optional().openapi({ description: `Calls in any ${window}`, example });

const RateLimitSchema = z
  .strictObject({
    per_minute: calls.openapi({ description: "Calls in any minute", example: 5 }),
    burst: calls.optional().openapi({
      description:
        "Calls at once; 1 to `per_minute`. Without it the windows alone decide",
      example: 2,
    }),
    per_second: callsIn("second", 1),
    per_hour: callsIn("hour", 200),
    per_day: callsIn("day", 2_000),
    per_month: callsIn("31 days", 50_000),
  })
  .openapi("RateLimit", { example: { per_minute: 5, burst: 2 } });

/** Text that can be stored and shown: whole characters, none of them a control. */
const plainText = z
  .string()
  .refine((text) => textFault(text) === undefined, "Must be plain text");

const MOST_PAIRS = 100;
const StringMap = z
  .record(z.string().max(200), z.string().max(8_192))
  .refine(
    (map) => Object.keys(map).length <= MOST_PAIRS,
    `At most ${MOST_PAIRS} entries`,
  );

const fields = {
  name: plainText.min(1).max(200).openapi({
    description: "For people; the id where it is not given",
    example: "Weather API",
  }),
  base_url: z.string().max(2_048).openapi({
    description: "http or https; a path in it comes before every key",
    example: "https://api.example.com",
  }),
  default_headers: StringMap.openapi({
    description:
      "Sent with every call. Values are secret but of `Accept*`, `Content-Type`, `User-Agent`",
    example: { Authorization: "Bearer <upstream-token>" },
  }),
  default_query: StringMap.openapi({
    description: "Fills parameters that a key lacks. All values are secret",
    example: {},
  }),
  rate_limit: RateLimitSchema,
  cache_ttl_s: seconds("How long an answer is fresh", 600),
  stale_while_revalidate_s: seconds(
    "How long after that it is served while a refresh runs",
    600,
  ),
  stale_if_error_s: seconds(
    "How long after that it is served while the upstream fails",
    86_400,
  ),
  negative_ttl_s: seconds("How long a 404 or 410 of the upstream is remembered", 60),
  key_template: z.string().max(2_048).openapi({
    description:
      "What keys look like. `{{name}}` stands for a segment or a query value, `{{name*}}` for the rest of the path",
    example: "/weather/{{city}}",
  }),
  key_case: z.enum(["preserve", "lower"]).openapi({
    description: "`lower` makes keys that differ in case one",
    example: "preserve",
  }),
  timeout_ms: z
    .int()
    .min(100)
    .max(60_000)
    .openapi({ description: "Of one call, from start to end", example: 10_000 }),
  max_body_bytes: z
    .int()
    .min(1)
    .max(32 * 1024 * 1024)
    .openapi({ description: "The largest answer that is stored", example: 5_242_880 }),
  not_modified_is_free: z
    .boolean()
    .openapi({ description: "A 304 gives its call back to the budget", example: false }),
  max_queue: z
    .int()
    .min(1)
    .max(1_000_000)
    .openapi({ description: "Refreshes that may wait", example: 10_000 }),
  refresh: z.enum(["on_demand", "adaptive"]).openapi({
    description: "`adaptive` spends on expiring entries what readers leave of the budget",
    example: "on_demand",
  }),
} as const;

export const SOURCE_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const id = z
  .string()
  .regex(SOURCE_ID, "Must match [a-z0-9][a-z0-9._-]{0,63}")
  .refine((text) => !RESERVED_SOURCE_IDS.includes(text), "The id is reserved")
  .openapi({ description: "Names the source in every path", example: "weather" });

const { base_url, key_template, ...optional } = fields;

export const SourceDraftSchema = z
  .strictObject({ id, base_url, key_template, ...nullish(optional) })
  .openapi("SourceDraft", {
    example: {
      id: "weather",
      name: "Weather API",
      base_url: "https://api.example.com",
      default_headers: { Authorization: "Bearer <upstream-token>" },
      rate_limit: { per_minute: 5, burst: 2 },
      cache_ttl_s: 600,
      key_template: "/weather/{{city}}",
    },
  });

export const SourcePatchSchema = z.strictObject(nullish(fields)).openapi("SourcePatch", {
  description: "Changes the fields it names; `null` resets to the default",
  example: { cache_ttl_s: 300, rate_limit: { per_minute: 10 } },
});

export const SourceSchema = z
  .object({ id, ...fields, created_at: z.iso.datetime(), updated_at: z.iso.datetime() })
  .openapi("Source");

export const SourceIdParam = z.object({
  source_id: z.string().openapi({
    description: "The source's id",
    example: "weather",
    param: { name: "source_id", in: "path" },
  }),
});

type Fields = {
  readonly [F in keyof typeof fields]?: z.infer<(typeof fields)[F]> | null | undefined;
};

/** The same fields, each of which may be absent or `null`. */
function nullish<const S extends Record<string, z.ZodType>>(shape: S) {
  const entries = Object.entries(shape).map(([name, schema]) => [name, schema.nullish()]);
  // Safe because every field is wrapped and none is added or lost.
  return Object.fromEntries(entries) as {
    [F in keyof S]: z.ZodOptional<z.ZodNullable<S[F]>>;
  };
}

/** Settings of a new source; what is absent or `null` has its default. */
export function toSettings(draft: z.infer<typeof SourceDraftSchema>): SourceSettings {
  const given = Object.entries(toPatch(draft)).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  const { base_url, key_template } = draft;
  const required = { name: draft.id, baseUrl: base_url, keyTemplate: key_template };
  return { ...SOURCE_DEFAULTS, ...required, ...Object.fromEntries(given) };
}

export function toPatch(patch: Fields): SettingsPatch {
  const millis = (value: number | null | undefined) =>
    typeof value === "number" ? value * 1000 : value;
  return {
    name: patch.name,
    baseUrl: patch.base_url,
    defaultHeaders: patch.default_headers,
    defaultQuery: patch.default_query,
    rateLimit: patch.rate_limit && {
      perMinute: patch.rate_limit.per_minute,
      burst: patch.rate_limit.burst,
      perSecond: patch.rate_limit.per_second,
      perHour: patch.rate_limit.per_hour,
      perDay: patch.rate_limit.per_day,
      perMonth: patch.rate_limit.per_month,
    },
    ttlMillis: millis(patch.cache_ttl_s),
    staleWhileRevalidateMillis: millis(patch.stale_while_revalidate_s),
    staleIfErrorMillis: millis(patch.stale_if_error_s),
    negativeTtlMillis: millis(patch.negative_ttl_s),
    keyTemplate: patch.key_template,
    keyCase: patch.key_case,
    timeoutMillis: patch.timeout_ms,
    maxBodyBytes: patch.max_body_bytes,
    notModifiedIsFree: patch.not_modified_is_free,
    maxQueue: patch.max_queue,
    refresh: patch.refresh,
  };
}

/** A source as every caller may see it: its secrets masked. */
export function toWire(source: Source): z.infer<typeof SourceSchema> {
  const { rateLimit } = source;
  return {
    id: source.id,
    name: source.name,
    base_url: source.baseUrl,
    default_headers: maskedHeaders(source.defaultHeaders),
    default_query: maskedQuery(source.defaultQuery),
    rate_limit: {
      per_minute: rateLimit.perMinute,
      burst: rateLimit.burst,
      per_second: rateLimit.perSecond,
      per_hour: rateLimit.perHour,
      per_day: rateLimit.perDay,
      per_month: rateLimit.perMonth,
    },
    cache_ttl_s: source.ttlMillis / 1000,
    stale_while_revalidate_s: staleWhileRevalidateMillis(source) / 1000,
    stale_if_error_s: source.staleIfErrorMillis / 1000,
    negative_ttl_s: source.negativeTtlMillis / 1000,
    key_template: source.keyTemplate,
    key_case: source.keyCase,
    timeout_ms: source.timeoutMillis,
    max_body_bytes: source.maxBodyBytes,
    not_modified_is_free: source.notModifiedIsFree,
    max_queue: source.maxQueue,
    refresh: source.refresh,
    created_at: toInstant(source.createdAt),
    updated_at: toInstant(source.updatedAt),
  };
}
