/**
 * `GET /api/v1/info`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Clock from "effect/Clock";
import * as Result from "effect/Result";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toInstant } from "../../wire.ts";

/** What may be told of how the process runs; holds no secret. */
export interface ServiceInfo {
  readonly version: string;
  readonly database: "embedded" | "external";
  readonly worker: "inline" | "off";
  readonly memoryMaxBytes: number;
}

const route = declareRoute(
  { needs: "login", restricted: "allowed" },
  {
    method: "get",
    path: "/api/v1/info",
    tags: ["Service"],
    summary: "What runs here, and how it is configured",
    description: "Any valid token may ask. The summary holds no secret.",
    operationId: "info",
    responses: {
      200: answered(
        "Name, version, the service's time, a summary of its configuration",
        z.object({
          name: z.literal("uni-cache"),
          version: z.string().openapi({ example: "1.0.0" }),
          time: z.iso.datetime(),
          config: z.object({
            database: z.enum(["embedded", "external"]),
            worker: z.enum(["inline", "off"]),
            l1_max_bytes: z.int().openapi({
              description: "What this process may hold in memory",
              example: 268_435_456,
            }),
          }),
        }),
      ),
      ...problemResponses("Malformed", "NotAuthenticated"),
    },
  },
);

export function infoRoute(api: Api, info: ServiceInfo) {
  serve(api, route, async (c): Responds<typeof route> => {
    const read = await api.run(Clock.currentTimeMillis, c.req.raw.signal);
    if (Result.isFailure(read)) return problem(c, read.failure);
    const { version, database, worker, memoryMaxBytes } = info;
    return c.json(
      {
        name: "uni-cache" as const,
        version,
        time: toInstant(read.success),
        config: { database, worker, l1_max_bytes: memoryMaxBytes },
      },
      200,
    );
  });
}
