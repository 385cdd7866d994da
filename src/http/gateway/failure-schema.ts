/**
 * What the OpenAPI document says of failures of the gateway's management.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import type { ServiceError } from "../../services/errors.ts";
import { describeHeader, errorHeaderText } from "../header-schemas.ts";
import { problemSamples } from "../problem-samples.ts";
import { gatewayAnswer, gatewayParts, type GatewayStatusOf } from "./failure.ts";

type Tag = ServiceError["_tag"];

export const GatewayErrorSchema = z
  .object({
    error: z.string().openapi({
      description: "Stable, for programs",
      example: "bad_request",
    }),
    error_description: z
      .string()
      .openapi({ description: "For people", example: "handlingAction is required" }),
  })
  .openapi("GatewayError", { description: "How the gateway says no" });

/** What each route of the gateway's management can fail with. */
const EVERYWHERE = [
  "Malformed",
  "NotAuthenticated",
  "NotPermitted",
  "StoreUnavailable",
] as const;

/** The `responses` entries for a route of the gateway's management, which can also fail with `tags`. */
export const gatewayResponses = <const T extends Tag>(...tags: readonly T[]) =>
  gatewayFailures<T | (typeof EVERYWHERE)[number]>(...EVERYWHERE, ...tags);

/** The `responses` entries for `tags` alone. */
export function gatewayFailures<const T extends Tag>(...tags: readonly T[]) {
  const samples = tags.map((tag) => {
    const parts = gatewayParts(problemSamples[tag].error);
    const { status, body } = gatewayAnswer(parts);
    return { tag, headers: parts.headers ?? {}, status, body };
  });
  const responses = [...Map.groupBy(samples, ({ status }) => status)].map(
    ([status, all]) => [status, describe(all)],
  );
  // Safe because every tag contributes exactly its own status as a key.
  return Object.fromEntries(responses) as {
    [K in T as GatewayStatusOf<K>]: ReturnType<typeof describe>;
  };
}

interface Sample {
  readonly tag: Tag;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: z.infer<typeof GatewayErrorSchema>;
}

const describe = (samples: readonly Sample[]) => ({
  description: [...new Set(samples.map(({ body }) => body.error_description))].join(
    ", or: ",
  ),
  headers: Object.fromEntries([
    ["Cache-Control", describeHeader("Failures are not to be kept", "no-store")],
    ...samples.flatMap(({ headers }) =>
      Object.entries(headers).map(([name, example]) => [
        name,
        describeHeader(errorHeaderText(name), example),
      ]),
    ),
  ]),
  content: {
    "application/json": {
      schema: GatewayErrorSchema,
      examples: Object.fromEntries(
        samples.map(({ tag, body }) => [tag, { summary: body.error, value: body }]),
      ),
    },
  },
});
