/**
 * `GET /api/v1/healthz`, `GET /api/v1/readyz`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { StoreHealth } from "../../../services/store-health.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const healthz = declareRoute(
  { needs: "nothing", restricted: "allowed", fromAnywhere: true },
  {
    method: "get",
    path: "/api/v1/healthz",
    tags: ["Service"],
    summary: "Whether the process serves",
    description: "Answers as soon as the process listens, whatever the store does.",
    operationId: "healthz",
    responses: {
      200: answered("It does", z.object({ status: z.literal("ok") })),
    },
  },
);

const readyz = declareRoute(
  { needs: "nothing", restricted: "allowed", fromAnywhere: true },
  {
    method: "get",
    path: "/api/v1/readyz",
    tags: ["Service"],
    summary: "Whether the store answers",
    description: "200 only while the store answers: what a load balancer should ask.",
    operationId: "readyz",
    responses: {
      200: answered("It does", z.object({ status: z.literal("ready") })),
      ...problemResponses("StoreUnavailable"),
    },
  },
);

export function healthRoutes(api: Api) {
  serve(api, healthz, async (c): Responds<typeof healthz> =>
    c.json({ status: "ok" }, 200),
  );

  serve(api, readyz, async (c): Responds<typeof readyz> => {
    const asked = await api.run(
      StoreHealth.use((health) => health.answers),
      c.req.raw.signal,
    );
    if (Result.isFailure(asked)) return problem(c, asked.failure);
    return c.json({ status: "ready" as const }, 200);
  });
}
