import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { permits, type Role } from "../../src/domain/access/permission.ts";
import { sessionValueFrom } from "../../src/domain/access/session.ts";
import { tokenHash } from "../../src/domain/access/token.ts";
import type { Declaration } from "../../src/http/route.ts";
import { csrfTokenFor } from "../../src/services/access/csrf.ts";
import { SessionStore } from "../../src/services/access/session-store.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { UserStore } from "../../src/services/access/user-store.ts";
import { ChangeBus } from "../../src/services/change-bus.ts";
import { codeOf as codeIn } from "../support/failure-codes.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";

/** Every route × every kind of caller → what it is answered, from the declarations. */
const service: TestService = await testService({ worker: "off" });
afterAll(() => service[Symbol.asyncDispose]());

const OWN = "own";
const FOREIGN = "foreign";
const tokens = {
  guest: "guest",
  user: "user",
  restricted: "admin",
  granted: "guest",
  elsewhere: "guest",
} as const;
/** `x` stands in the place of each parameter of a path. */
const grants: Readonly<Record<string, string>> = { granted: "x", elsewhere: "y" };
const grantsOf = (name: string) =>
  name in grants
    ? [{ name: grants[name] ?? "", permissions: ["API_MANAGEMENT:MANAGE"] }]
    : undefined;
const bearer = (name: string) => ({ authorization: `Bearer matrix-${name}-token` });

beforeAll(async () => {
  await service.run(
    Effect.gen(function* () {
      const store = yield* TokenStore;
      const bus = yield* ChangeBus;
      for (const [name, role] of Object.entries(tokens)) {
        const hash = tokenHash(`matrix-${name}-token`);
        const sources = name === "restricted" ? [OWN] : undefined;
        const projects = grantsOf(name);
        yield* store.add({ id: name, name, role, hash, sources, projects });
      }
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );
  await Promise.all([OWN, FOREIGN].map(ensureSource));
});

/** A route may have deleted it. */
const ensureSource = (id: string) =>
  service.send("POST", "/api/v1/sources", {
    id,
    base_url: "http://127.0.0.1:1",
    key_template: "/{{path*}}",
  });

/** A session of a new user of that role: a route may end it. */
async function sessionOf(role: Role) {
  return service.run(
    Effect.gen(function* () {
      const users = yield* UserStore;
      const sessions = yield* SessionStore;
      const username = `matrix-${crypto.randomUUID().slice(0, 8)}`;
      const passwordHash = "never matches";
      const user = yield* users.add({ username, role, passwordHash, isActive: true });
      if (user === undefined) throw new Error("Expected the name to be free");
      const value = sessionValueFrom(crypto.getRandomValues(new Uint8Array(32)));
      const hash = tokenHash(value);
      yield* sessions.open({ hash, userId: user.id, passwordHash });
      const cookie = `uc_session=${value}`;
      return { cookie, csrf: (yield* csrfTokenFor(cookie)).token };
    }),
  );
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly declaration: Declaration;
}

const routes: readonly Route[] = service.declared;

/** Something in the place of each parameter; nothing is there under it but the source. */
const ask = (
  { method, path }: Route,
  headers: Record<string, string>,
  source = FOREIGN,
) =>
  service.request(path.replace("{source_id}", source).replaceAll(/\{\w+\}/g, "x"), {
    method: method.toUpperCase(),
    headers,
  });

const isSafe = ({ method }: Route) => method === "get";
const codeOf = async (response: Response) => codeIn(await jsonOf(response));
/** Refused for who is calling, and for nothing else. */
async function refusalIn(response: Response): Promise<string | undefined> {
  if (response.status === 401) return "401";
  if (response.status !== 403) return undefined;
  return `403 ${await codeOf(response)}`;
}

describe("a source that is named in a body or a query", () => {
  /** To the token that is restricted to `OWN`. */
  const named = async (method: string, path: string, source: string) => {
    const body = method === "GET" ? null : JSON.stringify({ source_id: source });
    const query = method === "GET" ? `?source_id=${source}` : "";
    const headers = { ...bearer("restricted"), "content-type": "application/json" };
    const response = await service.request(path + query, { method, headers, body });
    return `${response.status} ${(await codeOf(response)) ?? "OK"}`;
  };

  test.each([
    ["POST", "/api/v1/cache/actions/purge", "404 RESOURCE_NOT_FOUND"],
    ["POST", "/api/v1/tasks/run", "404 SOURCE_NOT_FOUND"],
    ["GET", "/api/v1/tasks", "404 SOURCE_NOT_FOUND"],
  ])("does not exist for %s %s by a token of another", async (method, path, expected) => {
    await ensureSource(FOREIGN);
    await ensureSource(OWN);

    expect(await named(method, path, FOREIGN)).toBe(expected);
    expect(await named(method, path, "nowhere")).toBe(expected);
    expect(await named(method, path, OWN)).toBe("200 OK");
  });

  test.each([
    ["POST", "/api/v1/cache/actions/purge", { all: true }],
    ["POST", "/api/v1/cache/actions/purge", { params: { city: "Oslo" } }],
    ["POST", "/api/v1/tasks/run", {}],
  ])("must be for %s %s with %j", async (method, path, body) => {
    const headers = { ...bearer("restricted"), "content-type": "application/json" };
    const init = { method, headers, body: JSON.stringify(body) };

    const response = await service.request(path, init);

    expect([response.status, await codeOf(response)]).toEqual([
      403,
      "PERMISSION_REQUIRED",
    ]);
  });
});

describe.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s",
  (_, route) => {
    const { needs, restricted } = route.declaration;
    const denied = "403 PERMISSION_REQUIRED";
    const expected = (role: Role) => (permits(role, needs) ? undefined : denied);

    test("to nobody", async () => {
      const nobody = { authorization: "Bearer nobody" };
      const refusal = await refusalIn(await ask(route, nobody));
      const open = isSafe(route) ? undefined : "403 CSRF_MISSING";
      expect(refusal).toBe(needs === "nothing" ? open : "401");
    });

    test.each(["guest", "user"] as const)("to a token of the role %s", async (role) => {
      expect(await refusalIn(await ask(route, bearer(role)))).toBe(expected(role));
    });

    test("to the admin's token", async () => {
      expect(await refusalIn(await ask(route, {}))).toBeUndefined();
    });

    test("to an admin's token that is restricted to another source", async () => {
      const response = await ask(route, bearer("restricted"));
      if (restricted === "source") {
        expect([response.status, await codeOf(response)]).toEqual([
          404,
          "SOURCE_NOT_FOUND",
        ]);
        return;
      }
      const refusal = await refusalIn(response);
      if (restricted === "refused") expect(refusal).toBe(denied);
      // Narrowed: what is about all sources at once is refused, the rest shows its own alone.
      if (restricted !== "allowed") return;
      // A project may be about any source, so managing one needs a grant then.
      if (needs === "manage") expect(refusal).toBe(denied);
      else expect(refusal).toBeUndefined();
    });

    test("to a token that is restricted to this source", async () => {
      if (restricted !== "source") return;
      await ensureSource(OWN);
      const response = await ask(route, bearer("restricted"), OWN);
      expect(await refusalIn(response)).toBeUndefined();
      if (response.status === 404)
        expect(await codeOf(response)).not.toBe("SOURCE_NOT_FOUND");
    });

    test("to a guest's token that is granted the project", async () => {
      const manages = expected("guest") === undefined || needs === "manage";
      expect(await refusalIn(await ask(route, bearer("granted")))).toBe(
        manages ? undefined : denied,
      );
    });

    test("to a guest's token that is granted another project", async () => {
      const isOfProject = route.path.includes("{projectName}");
      const manages =
        expected("guest") === undefined || (needs === "manage" && !isOfProject);
      expect(await refusalIn(await ask(route, bearer("elsewhere")))).toBe(
        manages ? undefined : denied,
      );
    });

    test.each(["guest", "user", "admin"] as const)(
      "to a session of the role %s, without a CSRF token",
      async (role) => {
        const { cookie } = await sessionOf(role);
        const refusal = await refusalIn(await service.request(...asSession(cookie)));
        const missing = isSafe(route) ? undefined : "403 CSRF_MISSING";
        expect(refusal).toBe(expected(role) ?? missing);
      },
    );

    test.each(["guest", "user", "admin"] as const)(
      "to a session of the role %s, with its CSRF token",
      async (role) => {
        const { cookie, csrf } = await sessionOf(role);
        const response = await service.request(
          ...asSession(cookie, { "X-CSRFToken": csrf }),
        );
        const refusal = await refusalIn(response);
        expect(refusal).toBe(expected(role));
      },
    );

    test("to a session with the CSRF token of another", async () => {
      const { cookie } = await sessionOf("admin");
      const { csrf } = await sessionOf("admin");
      const response = await service.request(
        ...asSession(cookie, { "X-CSRFToken": csrf }),
      );
      expect(await refusalIn(response)).toBe(
        isSafe(route) ? undefined : "403 CSRF_INVALID",
      );
    });

    const asSession = (cookie: string, headers: Record<string, string> = {}) => {
      const path = route.path.replace("{source_id}", FOREIGN).replaceAll(/\{\w+\}/g, "x");
      const init = {
        method: route.method.toUpperCase(),
        headers: { ...headers, cookie },
      };
      return [path, init] as const;
    };
  },
);
