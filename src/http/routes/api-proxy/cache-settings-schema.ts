/**
 * Cache settings on the wire.
 *
 * Source: seed 003 ("Cache Settings Object Fields"), contract §7 ("Settings").
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import {
  CACHE_KEY_TYPES,
  CACHE_STORAGE_TYPES,
  type CacheSettings,
  HANDLING_ACTIONS,
} from "../../../domain/api-proxy/cache-settings.ts";
import type { EffectiveSettings } from "../../../domain/api-proxy/effective-settings.ts";
import {
  description,
  endpointName,
  fields,
  flag,
  httpMethod,
  must,
  oneOf,
  text,
  wholeNumber,
} from "../../gateway/fields.ts";
import { toVariable, toVariableWire, VariableSchema } from "./variable-schema.ts";

const MOST_CAPACITY = 10_000_000;
const DEFAULT_CAPACITY = 10_000;
const MOST_TTL = 31_536_000;
const MOST_VARIABLES = 50;

const CacheSettingsSchema = fields({
  name: text(1, 200).openapi({ example: "Endpoint Cache Settings" }),
  description,
  cacheActive: flag().nullish().openapi({ description: "`false` where it is not said" }),
  cacheOnlyHttpGetRequests: flag().nullish().openapi({
    description:
      "Cache only GET requests (if false, caches all methods); `true` where it is not said",
  }),
  cacheKeyType: oneOf(CACHE_KEY_TYPES).nullish().openapi({
    description: "`QUERY_PARAMS` where it is not said; `CUSTOM` requires `variableList`",
  }),
  cacheStorageType: oneOf(CACHE_STORAGE_TYPES)
    .nullish()
    .openapi({ description: "`DISTRIBUTED` where it is not said" }),
  capacity: wholeNumber(1, MOST_CAPACITY).nullish().openapi({
    description:
      "Most entries, the least recently used go first; 10000 where it is not said",
  }),
  ttl: wholeNumber(0, MOST_TTL).nullish().openapi({
    description:
      "Time to live in seconds; without it, as RFC 9111 says for each response",
  }),
  handlingAction: oneOf(HANDLING_ACTIONS).openapi({
    description:
      "`STOP`: a hit asks no upstream. `CONTINUE`: a hit is answered and the upstream asked behind it",
    example: "STOP",
  }),
  invalidationRequiresAuthn: flag().nullish().openapi({
    description:
      "Only a token with `update` can refresh by request; `false` where it is not said",
  }),
  cacheNullValue: flag().nullish().openapi({
    description:
      "Cache null/empty responses (may cache error responses); `false` where it is not said",
  }),
  variableList: z
    .array(VariableSchema, { error: must("be a list") })
    .max(MOST_VARIABLES, { error: `must not have more than ${MOST_VARIABLES} variables` })
    .nullish()
    .openapi({
      description: "The custom key's; of another key they are kept and not used",
    }),
})
  .superRefine(({ cacheKeyType, variableList }, context) => {
    if (cacheKeyType !== "CUSTOM") return;
    const names = (variableList ?? []).map(({ name }) => name);
    if (names.length === 0) {
      const message = "must have a variable where cacheKeyType is CUSTOM";
      context.addIssue({ code: "custom", path: ["variableList"], message });
    }
    const again = names.findIndex((name, at) => names.indexOf(name) < at);
    if (again < 0) return;
    const message = "must not be the name of another variable";
    context.addIssue({ code: "custom", path: ["variableList", again, "name"], message });
  })
  .openapi("CacheSettings");

type SettingsWire = z.infer<typeof CacheSettingsSchema>;

export const EndpointSettingsSchema = fields({
  identifierName: endpointName,
  identifierHttpMethod: httpMethod,
  cacheSettings: CacheSettingsSchema,
}).openapi("EndpointCacheSettings");

/** Flat, or in `cacheSettings`. */
export const ProxySettingsSchema = z
  .looseObject({}, { error: must("be an object") })
  .transform((body, context): SettingsWire => {
    const isNested = Object.hasOwn(body, "cacheSettings");
    const read = isNested
      ? fields({ cacheSettings: CacheSettingsSchema }).safeParse(body)
      : CacheSettingsSchema.safeParse(body);
    if (!read.success) {
      for (const issue of read.error.issues) context.addIssue({ ...issue } as never);
      return z.NEVER;
    }
    return "cacheSettings" in read.data ? read.data.cacheSettings : read.data;
  })
  .openapi({
    type: "object",
    example: { name: "Proxy Cache Settings", cacheActive: true, handlingAction: "STOP" },
    oneOf: [
      { $ref: "#/components/schemas/CacheSettings" },
      {
        type: "object",
        properties: { cacheSettings: { $ref: "#/components/schemas/CacheSettings" } },
        required: ["cacheSettings"],
      },
    ],
  });

const effective = z
  .object({
    from: z.enum(["ENDPOINT", "API_PROXY"]).nullable(),
    settings: CacheSettingsSchema.nullable(),
  })
  .openapi({ description: "What is in force; `null`: nothing is cached" });

const shown = {
  cacheSettings: CacheSettingsSchema.nullable().openapi({ description: "`null`: none" }),
  effective,
};

export const ReadProxySettingsSchema = z
  .object({ success: z.literal(true), ...shown })
  .openapi("ReadProxyCacheSettings");

export const ReadEndpointSettingsSchema = z
  .object({
    success: z.literal(true),
    identifierName: endpointName,
    identifierHttpMethod: httpMethod,
    ...shown,
  })
  .openapi("ReadEndpointCacheSettings");

export function toSettings(wire: SettingsWire): CacheSettings {
  return {
    name: wire.name,
    description: wire.description ?? undefined,
    cacheActive: wire.cacheActive ?? false,
    cacheOnlyHttpGetRequests: wire.cacheOnlyHttpGetRequests ?? true,
    cacheKeyType: wire.cacheKeyType ?? "QUERY_PARAMS",
    cacheStorageType: wire.cacheStorageType ?? "DISTRIBUTED",
    capacity: wire.capacity ?? DEFAULT_CAPACITY,
    ttl: wire.ttl ?? undefined,
    handlingAction: wire.handlingAction,
    invalidationRequiresAuthn: wire.invalidationRequiresAuthn ?? false,
    cacheNullValue: wire.cacheNullValue ?? false,
    variableList: (wire.variableList ?? []).map(toVariable),
  };
}

/** With all defaults; what has none is `null`. */
function toSettingsWire(settings: CacheSettings): SettingsWire {
  const { description, ttl, variableList, ...rest } = settings;
  return {
    ...rest,
    description: description ?? null,
    ttl: ttl ?? null,
    variableList: variableList.map(toVariableWire),
  };
}

export function toShownSettings(read: {
  readonly settings: CacheSettings | undefined;
  readonly effective: EffectiveSettings | undefined;
}) {
  const { settings, effective } = read;
  return {
    cacheSettings: settings === undefined ? null : toSettingsWire(settings),
    effective: {
      from: effective?.from ?? null,
      settings: effective === undefined ? null : toSettingsWire(effective.settings),
    },
  };
}
