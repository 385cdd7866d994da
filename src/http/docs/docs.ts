/**
 * `/openapi.json`, and `/docs`: the reference made from it, without any outside request.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiReferenceConfiguration } from "@scalar/hono-api-reference";

const description = `Answers for third-party APIs from cache, within their quota.

Every call but those marked public needs a token: \`Authorization: Bearer <token>\` or \`X-API-Key: <token>\`.
Errors are problem details (RFC 9457) with a stable \`code\`.`;

const tags = [
  { name: "Cache", description: "Reads" },
  { name: "Sources", description: "Upstreams, and what is allowed with them" },
  { name: "Tasks", description: "Refreshes that wait and run" },
  { name: "Quota", description: "Upstream calls that are left" },
  { name: "Service", description: "Health and information" },
];

const page: Partial<ApiReferenceConfiguration> = {
  url: "/openapi.json",
  pageTitle: "Uni-Cache",
  cdn: "/docs/scalar.js",
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  favicon: "data:,",
  showDeveloperTools: "never",
  hideClientButton: true,
};

/** The document of everything `app` serves so far. */
export function openApiDocument(app: OpenAPIHono, version: string) {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Uni-Cache", version, description, license: { name: "MIT" } },
    servers: [{ url: "/" }],
    tags,
  });
}

/** Serves the document and the reference. `script` is Scalar's, compressed with gzip. */
export function docsRoutes(app: OpenAPIHono, version: string, script: Uint8Array) {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
  });
  let document: ReturnType<typeof openApiDocument> | undefined;

  app.get("/openapi.json", (c) => {
    document ??= openApiDocument(app, version);
    return c.json(document);
  });
  app.get("/docs", async (c, next) => {
    // Loaded when the page is asked for: few starts ever need it.
    const { Scalar } = await import("@scalar/hono-api-reference");
    return Scalar(page)(c, next);
  });
  app.get("/docs/scalar.js", (c) =>
    c.body(script as Uint8Array<ArrayBuffer>, 200, {
      "Content-Type": "text/javascript; charset=utf-8",
      "Content-Encoding": "gzip",
      "Cache-Control": "public, max-age=86400",
    }),
  );
}
