import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { codeOf } from "../support/failure-codes.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";

let service: TestService;
let document: any;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  document = await jsonOf(await service.request("/openapi.json"));
});

afterAll(() => service[Symbol.asyncDispose]());

/** Credentials that are none: `request` adds the admin's only where none are given. */
const nobody = { authorization: "Bearer nobody" };

/** A path of the route with something in the place of each parameter. */
const pathOf = (template: string) => template.replaceAll(/\{\w+\}/g, "x");

const faceOf = (method: string, path: string) =>
  service.declared.find((route) => route.method === method && route.path === path)
    ?.declaration.face;

/** Every operation of the document. */
const operations = () =>
  Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe("every route", () => {
  test("is declared once, and says what it needs", () => {
    const names = service.declared.map(({ method, path }) => `${method} ${path}`);

    expect(names.length).toBeGreaterThanOrEqual(12);
    expect(new Set(names).size).toBe(names.length);
    for (const { declaration } of service.declared) {
      expect(declaration.needs).toBeOneOf([
        "nothing",
        "login",
        "view",
        "update",
        "admin",
        "manage",
      ]);
    }
  });

  test("needs what the contract says", () => {
    const needs = Object.fromEntries(
      service.declared.map(({ method, path, declaration }) => [
        `${method} ${path}`,
        declaration.needs,
      ]),
    );

    expect(needs).toMatchObject({
      "get /api/v1/healthz": "nothing",
      "get /api/v1/readyz": "nothing",
      "get /api/v1/info": "login",
      "get /api/v1/sources": "view",
      "post /api/v1/sources": "admin",
      "get /api/v1/sources/{source_id}": "view",
      "patch /api/v1/sources/{source_id}": "admin",
      "delete /api/v1/sources/{source_id}": "admin",
      "get /api/v1/cache/{source_id}/{key}": "view",
      "get /api/v1/cache/{source_id}/{key}/meta": "view",
      "get /api/v1/cache/{source_id}/list": "view",
      "post /api/v1/cache/{source_id}/batch-get": "view",
      "get /api/v1/tasks": "view",
      "get /api/v1/tasks/{task_id}": "view",
      "get /api/v1/tasks/status/{task_id}": "view",
      "get /api/v1/rate-limit/{source_id}": "view",
      "get /api/v1/metrics": "view",
      "get /metrics": "view",
      "get /api/v1/audit": "admin",
      "get /apiops/projects/": "manage",
      "post /apiops/projects/": "admin",
      "delete /apiops/projects/{projectName}/": "admin",
      "get /api/v1/auth/csrf-token": "nothing",
      "post /api/v1/auth/login": "nothing",
      "post /api/v1/auth/logout": "login",
      "get /api/v1/auth/me": "login",
      "post /api/v1/auth/change-password": "login",
      "get /api/v1/tokens": "admin",
      "post /api/v1/tokens": "admin",
      "delete /api/v1/tokens/{token_id}": "admin",
      "get /api/v1/users": "admin",
      "post /api/v1/users": "admin",
      "get /api/v1/users/{user_id}": "admin",
      "patch /api/v1/users/{user_id}": "admin",
      "delete /api/v1/users/{user_id}": "admin",
    });
    const open = Object.keys(needs).filter((route) => needs[route] === "nothing");
    expect(open.toSorted()).toEqual([
      "get /api/v1/auth/csrf-token",
      "get /api/v1/healthz",
      "get /api/v1/readyz",
      "post /api/v1/auth/login",
    ]);
  });

  test("answers 401 to nobody, unless it needs nothing", async () => {
    for (const { method, path, declaration } of service.declared) {
      for (const headers of [nobody, { "x-api-key": "nobody" }]) {
        const response = await service.request(pathOf(path), {
          method: method.toUpperCase(),
          headers,
        });

        // A login needs no caller, but the token of its cookie.
        const open = method === "get" ? 200 : 403;
        const expected = declaration.needs === "nothing" ? open : 401;
        expect([method, path, response.status]).toEqual([method, path, expected]);
        if (expected === 401) {
          expect(codeOf(await jsonOf(response))).toBe("AUTHENTICATION_REQUIRED");
        }
      }
    }
  });

  test("by HEAD is as closed as by GET", async () => {
    for (const { method, path, declaration } of service.declared) {
      if (method !== "get" || declaration.needs === "nothing") continue;

      const response = await service.request(pathOf(path), {
        method: "HEAD",
        headers: nobody,
      });

      expect([path, response.status]).toEqual([path, 401]);
    }
  });

  test("lets the admin through to an answer of its own", async () => {
    for (const { method, path } of service.declared) {
      const response = await service.request(pathOf(path), {
        method: method.toUpperCase(),
      });

      expect([method, path, response.status]).not.toEqual([method, path, 401]);
      expect([method, path, response.status]).not.toEqual([method, path, 403]);
      expect(response.status).toBeLessThan(500);
      // Unlike the answer for a path that no route has.
      expect(await response.text()).not.toContain("Cannot find a route");
    }
  });
});

describe("GET /openapi.json", () => {
  test("is an OpenAPI 3.1 document that anyone may read", async () => {
    const response = await service.request("/openapi.json", { headers: nobody });

    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toStartWith("application/json");
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info.title).toBe("Uni-Cache");
  });

  test("has every declared route and no other", () => {
    const described = operations().map(({ path, method }) => `${method} ${path}`);
    const declared = service.declared.map(({ method, path }) => `${method} ${path}`);

    expect(described.toSorted()).toEqual(declared.toSorted());
  });

  test("says of each operation the security that it is served with", () => {
    for (const { method, path, declaration } of service.declared) {
      const session = method === "get" ? { session: [] } : { session: [], csrf: [] };
      const security =
        declaration.needs === "nothing" ? [] : [{ bearer: [] }, { apiKey: [] }, session];

      expect([path, document.paths[path][method].security]).toEqual([path, security]);
    }
    expect(document.components.securitySchemes).toEqual({
      bearer: { type: "http", scheme: "bearer", description: expect.any(String) },
      apiKey: {
        type: "apiKey",
        in: "header",
        name: "X-API-Key",
        description: expect.any(String),
      },
      session: {
        type: "apiKey",
        in: "cookie",
        name: "uc_session",
        description: expect.any(String),
      },
      csrf: {
        type: "apiKey",
        in: "header",
        name: "X-CSRFToken",
        description: expect.any(String),
      },
    });
  });

  test("names each operation once, with a summary and a known tag", () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    const tags = document.tags.map(({ name }: { name: string }) => name);

    expect(new Set(ids).size).toBe(ids.length);
    for (const { operation } of operations()) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).toMatch(/\S/);
      expect(operation.tags).toHaveLength(1);
      expect(tags).toContain(operation.tags[0]);
    }
  });

  test("describes the errors that follow from what a route takes", () => {
    for (const { path, method, operation } of operations()) {
      const statuses = Object.keys(operation.responses);
      if (operation.security.length > 0) {
        expect([method, path, statuses]).toEqual([
          method,
          path,
          expect.arrayContaining(["400", "401"]),
        ]);
      }
      if (operation.requestBody !== undefined) {
        expect([method, path, statuses]).toEqual([
          method,
          path,
          expect.arrayContaining(
            faceOf(method, path) === undefined ? ["413", "415", "422"] : ["400"],
          ),
        ]);
      }
    }
  });

  test("describes the Idempotency-Key of each route that takes one, and of no other", () => {
    const taking = service.declared.filter(({ declaration }) => declaration.idempotent);
    const described = operations().filter(({ operation }) =>
      (operation.parameters ?? []).some(
        ({ name }: { name: string }) => name === "Idempotency-Key",
      ),
    );

    expect(taking.map(({ method, path }) => `${method} ${path}`)).toContain(
      "post /api/v1/sources",
    );
    expect(described.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
      taking.map(({ method, path }) => `${method} ${path}`).toSorted(),
    );
    for (const { operation } of described) {
      const statuses = Object.keys(operation.responses);
      expect(statuses).toEqual(expect.arrayContaining(["409", "413", "422", "503"]));
    }
  });

  test("declares every parameter of a path", () => {
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? [])
        .filter((parameter: { in: string }) => parameter.in === "path")
        .map(({ name }: { name: string }) => name);

      expect([path, declared]).toEqual([path, inPath]);
    }
  });

  test("refers only to what it has", () => {
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);

    for (const [, pointer = ""] of references) {
      const found = pointer.split("/").reduce((at, part) => at?.[part], document);
      expect([pointer, found]).not.toEqual([pointer, undefined]);
    }
  });
});

describe("GET /docs", () => {
  test("is a page that anyone may read and that refers to no outside host", async () => {
    const response = await service.request("/docs", { headers: nobody });

    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toStartWith("text/html");
    expect(page).toContain("/openapi.json");
    expect(page).toContain("/docs/scalar.js");
    expect(page).not.toMatch(/(?:https?:)?\/\/[\w-]+\.[\w.-]+/);
  });

  test("has its script from here", async () => {
    const response = await service.request("/docs/scalar.js", { headers: nobody });

    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toStartWith("text/javascript");
    expect(response.headers.get("Content-Encoding")).toBe("gzip");
  });
});

describe("GET /api/v1/healthz, readyz, info", () => {
  test("healthz says ok and readyz says ready, to anyone", async () => {
    const health = await service.request("/api/v1/healthz", { headers: nobody });
    const ready = await service.request("/api/v1/readyz", { headers: nobody });

    expect([health.status, await health.text()]).toEqual([200, '{"status":"ok"}']);
    expect([ready.status, await ready.text()]).toEqual([200, '{"status":"ready"}']);
  });

  test("info has the name, the version, the time, and no secret", async () => {
    const response = await service.request("/api/v1/info");

    const text = await response.text();
    const { time, ...body } = JSON.parse(text);
    expect(body).toMatchObject({ name: "uni-cache", version: "0.0.0" });
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(10_000);
    expect(text).not.toMatch(/postgres:|password|token|secret|0707/i);
  });
});
