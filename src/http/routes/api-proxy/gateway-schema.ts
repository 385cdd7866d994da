/**
 * Projects, API proxies and endpoints on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ApiProxy, Endpoint, Project } from "../../../domain/api-proxy/api-proxy.ts";
import {
  draftProblem,
  type EndpointChange,
  type EndpointDraft,
  plainEndpoint,
} from "../../../domain/api-proxy/endpoint-draft.ts";
import { nameFault } from "../../../domain/api-proxy/names.ts";
import type { EndpointName } from "../../../services/api-proxy/endpoint-store.ts";
import type { ProxyChange } from "../../../services/api-proxy/proxy-store.ts";
import {
  description,
  endpointName,
  fields,
  flag,
  httpMethod,
  must,
  oneOf,
  text,
} from "../../gateway/fields.ts";
import { toInstant } from "../../wire.ts";

/** What stands in the paths of the gateway. */
const segmentName = z
  .string({ error: must("be a text") })
  .superRefine((value, context) => {
    const message = nameFault(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });

const projectName = segmentName.openapi({ example: "MyProject" });
const apiProxyName = segmentName.openapi({ example: "MyAPI" });
const sourceId = text(1, 200).openapi({
  description: "The source that is its upstream",
  example: "weather",
});
const access = oneOf(["PUBLIC", "TOKEN"]).openapi({
  description: "`TOKEN`: callers need a token with `view`",
});
const creationType = oneOf(["REVERSE_PROXY", "OPEN_API"]).openapi({
  description: "`REVERSE_PROXY`: any path passes. `OPEN_API`: what an endpoint matches",
});
const instant = z.iso.datetime().openapi({ example: "2026-01-08T00:00:00.000Z" });

export const ProjectDraftSchema = fields({ name: projectName, description }).openapi(
  "ProjectDraft",
);

export const ProjectSchema = z
  .object({ name: projectName, description: z.string().nullable(), createdAt: instant })
  .openapi("Project");

export const ProxyDraftSchema = fields({
  apiProxyName,
  description,
  sourceId,
  access: access.nullish(),
  apiProxyCreationType: creationType.nullish(),
  spec: z.unknown().optional().openapi({
    description:
      "With `OPEN_API`: the OpenAPI document (2.0, 3.0, 3.1) that endpoints are read from, as an object, or as a text of JSON or YAML",
  }),
}).openapi("ApiProxyDraft", {
  example: { apiProxyName: "MyAPI", sourceId: "weather", access: "PUBLIC" },
});

export const ProxyChangeSchema = fields({
  apiProxyName: apiProxyName.optional(),
  description,
  sourceId: sourceId.optional(),
  access: access.optional(),
}).openapi("ApiProxyChange", { example: { access: "TOKEN" } });

export const ProxySchema = z
  .object({
    apiProxyName,
    description: z.string().nullable(),
    sourceId,
    access,
    apiProxyCreationType: creationType,
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi("ApiProxy");

const backend = {
  backendResourceUrl: endpointName
    .nullish()
    .openapi({ description: "Its path at the upstream; `name` where it is not said" }),
  backendHttpMethod: httpMethod
    .nullish()
    .openapi({ description: "Its method there; `httpMethod` where it is not said" }),
  active: flag().nullish().openapi({ description: "`true` where it is not said" }),
};

const draftFields = fields({ name: endpointName, httpMethod, ...backend });

export const EndpointDraftSchema = draftFields
  .superRefine((wire, context) => {
    const problem = draftProblem(toEndpointDraft(wire));
    if (problem === undefined) return;
    const { field, message } = problem;
    context.addIssue({ code: "custom", path: [field], message });
  })
  .openapi("EndpointDraft", { example: { name: "/api/users/{id}", httpMethod: "GET" } });

const identifier = {
  identifierName: endpointName.nullish(),
  identifierHttpMethod: httpMethod.nullish(),
  name: endpointName.nullish(),
  httpMethod: httpMethod.nullish(),
};

const IDENTIFIES =
  "`identifierName` and `identifierHttpMethod` say which endpoint; without them `name` and `httpMethod` do";

export const EndpointChangeSchema = fields({ ...identifier, ...backend })
  .superRefine(identified)
  .openapi("EndpointChange", {
    description: IDENTIFIES,
    example: { name: "/api/users", httpMethod: "GET", backendResourceUrl: "/users" },
  });

export const EndpointStatusSchema = fields({ ...identifier, active: flag() })
  .superRefine(identified)
  .openapi("EndpointStatus", {
    description: IDENTIFIES,
    example: { name: "/api/users", httpMethod: "GET", active: false },
  });

export const EndpointNameSchema = fields(identifier)
  .superRefine(identified)
  .openapi("EndpointName", {
    description: IDENTIFIES,
    example: { name: "/api/users", httpMethod: "GET" },
  });

export const EndpointSchema = z
  .object({
    name: endpointName,
    httpMethod,
    backendResourceUrl: z.string().openapi({ example: "/api/users" }),
    backendHttpMethod: httpMethod,
    active: z.boolean(),
  })
  .openapi("Endpoint");

type Identifier = z.infer<z.ZodObject<typeof identifier>>;

/** Both of a pair, or it is not known which endpoint is meant. */
function identified(wire: Identifier, context: z.RefinementCtx): void {
  const pair =
    wire.identifierName || wire.identifierHttpMethod
      ? (["identifierName", "identifierHttpMethod"] as const)
      : (["name", "httpMethod"] as const);
  for (const field of pair) {
    if (!wire[field]) {
      context.addIssue({ code: "custom", path: [field], message: "is required" });
    }
  }
}

/** Which endpoint is meant. Safe to be empty, for `identified` has looked. */
export function toEndpointName(wire: Identifier): EndpointName {
  return {
    name: wire.identifierName ?? wire.name ?? "",
    httpMethod: wire.identifierHttpMethod ?? wire.httpMethod ?? "ALL",
  };
}

export function toEndpointDraft(wire: z.infer<typeof draftFields>): EndpointDraft {
  const { name, httpMethod, ...rest } = wire;
  return { ...plainEndpoint({ name, httpMethod }), ...present(rest) };
}

export function toEndpointChange(
  wire: z.infer<typeof EndpointChangeSchema>,
): EndpointChange {
  const { identifierName: _, identifierHttpMethod: __, ...rest } = wire;
  return present(rest);
}

/** `null` takes a description away. */
export function toProxyChange(wire: z.infer<typeof ProxyChangeSchema>): ProxyChange {
  const { apiProxyName, description, ...rest } = wire;
  return {
    ...present(rest),
    ...(apiProxyName === undefined ? {} : { name: apiProxyName }),
    ...(description === undefined ? {} : { description: description ?? undefined }),
  };
}

type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Without what is `null` or absent. */
function present<T extends object>(wire: T): Present<T> {
  const entries = Object.entries(wire).filter(([, value]) => (value ?? null) !== null);
  // Safe because nothing is added, and what is empty is gone.
  return Object.fromEntries(entries) as Present<T>;
}

export const toProjectWire = ({ name, description, createdAt }: Project) => ({
  name,
  description: description ?? null,
  createdAt: toInstant(createdAt),
});

export const toProxyWire = (proxy: ApiProxy) => ({
  apiProxyName: proxy.name,
  description: proxy.description ?? null,
  sourceId: proxy.sourceId,
  access: proxy.access,
  apiProxyCreationType: proxy.creationType,
  createdAt: toInstant(proxy.createdAt),
  updatedAt: toInstant(proxy.updatedAt),
});

export function toEndpointWire(endpoint: Endpoint) {
  const { name, httpMethod, backendResourceUrl, backendHttpMethod, active } = endpoint;
  return { name, httpMethod, backendResourceUrl, backendHttpMethod, active };
}
