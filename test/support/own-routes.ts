/**
 * Routes of a test's own, served as those of the API are, over a running service.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { Effect } from "effect";
import { requestId } from "hono/request-id";
import type { Api } from "../../src/http/route.ts";
import { answerInvalid } from "../../src/http/validation.ts";
import { adminToken, type TestService } from "./service.ts";

export interface OwnRoutes {
  /** A request by the admin. */
  request(path: string, init?: RequestInit): Promise<Response>;
  readonly document: any;
}

export function ownRoutes(service: TestService, add: (api: Api) => void): OwnRoutes {
  const app = new OpenAPIHono({ defaultHook: answerInvalid });
  app.use(requestId());
  add({ app, run: (effect) => service.run(Effect.result(effect)), declared: [] });
  app.onError((_, c) => c.json({ code: "INTERNAL_ERROR" }, 500));
  return {
    request: async (path, init = {}) => {
      const headers = new Headers(init.headers);
      headers.set("authorization", `Bearer ${adminToken}`);
      return app.request(path, { ...init, headers });
    },
    document: app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "A test's own", version: "0.0.0" },
    }),
  };
}
