/**
 * `/openapi.json`, and `/docs`: the reference made from it, without any outside request.
 *
 * @module
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiReferenceConfiguration } from "@scalar/hono-api-reference";
import { Hono } from "hono";
import { problemExamples } from "../problems.ts";
import { sessionSchemes } from "../session-schema.ts";
import { docsPolicy } from "./docs-policy.ts";
import { completed, requestIdHeader } from "./complete-document.ts";

const description = `Answers for third-party APIs from cache, within their quota.

Every call but those marked public needs a token, \`Authorization: Bearer <token>\` or \`X-API-Key: <token>\`, or the
cookie of a session, along with its \`X-CSRFToken\` where the call is no GET.
Errors are problem details (RFC 9457) with a stable \`code\`, sent as \`application/json\` unless \`Accept\`
asks for \`application/problem+json\`. Any call may answer 500, \`INTERNAL_ERROR\`: something went wrong inside;
and where its operator lists the addresses it answers, 403, \`ADDRESS_NOT_ALLOWED\`, to any other.`;

const tags = [
  { name: "Access", description: "Tokens and users" },
  {
    name: "API proxies",
    description: "What the gateway answers below `/gw/`, each over a source",
  },
  { name: "Audit", description: "Who changed what" },
  { name: "Cache", description: "Entries that are stored" },
  {
    name: "Cache settings",
    description: "What an API proxy or an endpoint caches, and how",
  },
  { name: "Clearing", description: "Taking entries out of the cache, everywhere" },
  { name: "Endpoints", description: "The paths and methods of an API proxy" },
  { name: "Instances", description: "Database servers that entries are about" },
  { name: "Login", description: "Sessions of users" },
  { name: "Projects", description: "Projects of the gateway, which hold API proxies" },
  { name: "Quota", description: "Upstream calls that are left" },
  { name: "Refreshing", description: "Making entries current before they expire" },
  { name: "Service", description: "Health, information and metrics" },
  { name: "Sources", description: "Upstreams, and what is allowed with them" },
  { name: "Tasks", description: "Refreshes that wait and run" },
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
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Uni-Cache",
      version,
      description,
      contact: { name: "Whoever runs this service" },
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT.html" },
    },
    servers: [{ url: "/", description: "Where this document came from" }],
    tags,
  });
  return completed(document);
}

/** The page, which is the same for everyone. Its maker is loaded then: few starts ever need it. */
async function renderReference() {
  const { Scalar } = await import("@scalar/hono-api-reference");
  const rendering = new Hono().get("/", Scalar(page));
  const html = await (await rendering.request("/")).text();
  return { html, policy: await docsPolicy(html) };
}

/** Serves the document and the reference. `script` is Scalar's, compressed with gzip. */
export function docsRoutes(app: OpenAPIHono, version: string, script: Uint8Array) {
  const registry = app.openAPIRegistry;
  registry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "A token of this service, as `Authorization: Bearer <token>`",
  });
  registry.registerComponent("securitySchemes", "apiKey", {
    type: "apiKey",
    in: "header",
    name: "X-API-Key",
    description: "The same token, for clients that can't set `Authorization`",
  });
  registry.registerComponent("securitySchemes", "session", sessionSchemes.session);
  registry.registerComponent("securitySchemes", "csrf", sessionSchemes.csrf);
  registry.registerComponent("headers", "X-Request-Id", requestIdHeader);
  for (const [code, example] of Object.entries(problemExamples())) {
    registry.registerComponent("examples", code, example);
  }
  let document: ReturnType<typeof openApiDocument> | undefined;

  app.get("/openapi.json", (c) => {
    document ??= openApiDocument(app, version);
    return c.json(document);
  });
  let reference: ReturnType<typeof renderReference> | undefined;
  app.get("/docs", async (c) => {
    reference ??= renderReference();
    const { html, policy } = await reference;
    return c.html(html, 200, { "Content-Security-Policy": policy });
  });
  app.get("/docs/scalar.js", (c) =>
    c.body(script as Uint8Array<ArrayBuffer>, 200, {
      "Content-Type": "text/javascript; charset=utf-8",
      "Content-Encoding": "gzip",
      "Cache-Control": "public, max-age=86400",
    }),
  );
}
