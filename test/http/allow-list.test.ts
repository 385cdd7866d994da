import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DeclaredRoute } from "../../src/http/route.ts";
import { codeOf as codeIn } from "../support/failure-codes.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";

/** `inside` may do everything, `near` what needs no admin, `outside` nothing. */
const inside = "10.1.0.7";
const near = "10.2.0.7";
const outside = "192.0.2.7";

let service: TestService;
beforeAll(async () => {
  service = await testService({
    worker: "off",
    environment: {
      UC_IP_ALLOW: "10.0.0.0/8, 127.0.0.0/8",
      UC_IP_ALLOW_ADMIN: "10.1.0.0/16, 127.0.0.0/8",
      UC_TRUSTED_PROXIES: "10.9.0.0/16",
    },
  });
});
afterAll(() => service[Symbol.asyncDispose]());

const pathOf = ({ path }: DeclaredRoute) => path.replaceAll(/\{\w+\}/g, "1");
const ask = (route: DeclaredRoute, peer: string) =>
  service.request(pathOf(route), { method: route.method.toUpperCase() }, peer);
const codeOf = async (response: Response) =>
  codeIn(JSON.parse((await response.text()) || "{}"));
/** The admin may do everything, so that no other 403 has the code that the admin face gives this one. */
const isRefused = async ({ declaration }: DeclaredRoute, response: Response) => {
  const code =
    declaration.face === "admin" ? "PERMISSION_REQUIRED" : "ADDRESS_NOT_ALLOWED";
  return response.status === 403 && (await codeOf(response)) === code;
};
const isForAdmins = ({ declaration }: DeclaredRoute) =>
  ["admin", "manage"].includes(declaration.needs) || declaration.face === "admin";
const isProbe = ({ path }: DeclaredRoute) => /\/(?:healthz|readyz)$/.test(path);
const names = (routes: readonly DeclaredRoute[]) =>
  routes.map(({ method, path }) => `${method} ${path}`);
const refusedFrom = async (peer: string) => {
  const refused: DeclaredRoute[] = [];
  for (const route of service.declared) {
    if (await isRefused(route, await ask(route, peer))) refused.push(route);
  }
  return names(refused);
};

describe("the allow lists", () => {
  test("refuse an address that is on none at every route but the two for probes", async () => {
    const expected = service.declared.filter((route) => !isProbe(route));

    expect(await refusedFrom(outside)).toEqual(names(expected));
    expect(expected.length).toBe(service.declared.length - 2);
  });

  test("refuse what admins may do, and the admin face, to who is only on the first", async () => {
    const expected = service.declared.filter(isForAdmins);

    expect(await refusedFrom(near)).toEqual(names(expected));
    expect(names(expected)).toContain("post /api/v1/sources");
    expect(names(expected)).not.toContain("get /api/v1/sources");
  });

  test("refuse nothing to who is on both", async () => {
    expect(await refusedFrom(inside)).toEqual([]);
  });

  test.each(["/openapi.json", "/docs", "/docs/scalar.js", "/nowhere", "/", "/api/v1/x"])(
    "are in front of %s too",
    async (path) => {
      const response = await service.request(path, {}, outside);

      expect([response.status, await codeOf(response)]).toEqual([
        403,
        "ADDRESS_NOT_ALLOWED",
      ]);
    },
  );

  test("leave the reference to who is on the first, and what is not listed to admins", async () => {
    const status = async (path: string) => (await service.request(path, {}, near)).status;

    expect(await status("/openapi.json")).toBe(200);
    expect(await status("/docs")).toBe(200);
    expect(await status("/nowhere")).toBe(403);
  });

  test("answer before the credentials, the path and the body are looked at", async () => {
    const answers = [
      await service.request(
        "/api/v1/sources",
        { headers: { "X-API-Key": "x" } },
        outside,
      ),
      await service.request("/api/v1/cache/a/%ZZ", {}, outside),
      await service.request("/api/v1/sources", { method: "POST", body: "{" }, outside),
    ];

    for (const answer of answers) {
      expect(await jsonOf(answer)).toMatchObject({
        status: 403,
        code: "ADDRESS_NOT_ALLOWED",
        detail: expect.stringContaining(outside),
        request_id: answer.headers.get("X-Request-Id"),
      });
    }
  });

  test("go by the address that a trusted proxy saw, and by no claim", async () => {
    const through = async (peer: string, forwardedFor: string) => {
      const headers = { "X-Forwarded-For": forwardedFor };
      return (await service.request("/api/v1/sources", { headers }, peer)).status;
    };

    expect(await through("10.9.0.1", inside)).toBe(200);
    expect(await through("10.9.0.1", outside)).toBe(403);
    expect(await through("10.9.0.1", `${inside}, ${outside}`)).toBe(403);
    expect(await through(outside, inside)).toBe(403);
    expect(await through(near, outside)).toBe(200);
  });

  test("know a mapped address, and have no place for one that can't be told", async () => {
    const status = async (peer: string) =>
      (await service.request("/api/v1/sources", {}, peer)).status;

    expect(await status("::ffff:10.1.0.7")).toBe(200);
    expect(await status("::10.1.0.7")).toBe(403);
    expect(await status("")).toBe(403);
  });

  test("are off where nothing is listed, even for who can't be told", async () => {
    await using open = await testService({ worker: "off" });

    expect((await open.request("/api/v1/sources", {}, outside)).status).toBe(200);
    expect((await open.request("/api/v1/sources", {}, "")).status).toBe(200);
  });
});
