import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestService, testService } from "../support/service.ts";

const friend = "https://app.example";
const stranger = "https://evil.example";

let service: TestService;
let closed: TestService;
beforeAll(async () => {
  const environment = {
    UC_CORS_ORIGINS: `${friend}, http://localhost:3000`,
    UC_IP_ALLOW: "127.0.0.0/8",
  };
  service = await testService({ worker: "off", environment });
  closed = await testService({ worker: "off", address: service.address });
});
afterAll(async () => {
  await closed[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const nobody = { authorization: "" };
const ask = (origin: string | undefined, path = "/api/v1/sources", on = service) =>
  on.request(path, { headers: origin === undefined ? {} : { Origin: origin } });
const preflight = (origin: string, headers: Record<string, string> = {}, peer?: string) =>
  service.request(
    "/api/v1/sources/weather",
    {
      method: "OPTIONS",
      headers: {
        ...nobody,
        Origin: origin,
        "Access-Control-Request-Method": "PATCH",
        ...headers,
      },
    },
    peer,
  );
/** Everything that CORS says in `response`. */
const saidIn = ({ headers }: Response) =>
  Object.fromEntries(
    [...headers].filter(([name]) => /^(?:access-control|vary)/.test(name)),
  );
const listIn = (response: Response, name: string) =>
  (response.headers.get(name) ?? "").toLowerCase().split(", ");

describe("a listed origin", () => {
  test("may read answers, and send its credentials", async () => {
    const response = await ask(friend);

    expect(response.status).toBe(200);
    expect(saidIn(response)).toEqual({
      vary: "Origin",
      "access-control-allow-origin": friend,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": expect.any(String),
    });
    expect(listIn(response, "Access-Control-Expose-Headers")).toEqual(
      expect.arrayContaining(
        "x-uc-cache x-uc-age x-uc-task-id x-uc-deleted etag ratelimit ratelimit-policy x-ratelimit-remaining retry-after location x-request-id idempotent-replayed".split(
          " ",
        ),
      ),
    );
  });

  test("may read why it was refused", async () => {
    const unknown = await service.request("/api/v1/sources", {
      headers: { ...nobody, Origin: friend },
    });
    const elsewhere = await service.request(
      "/api/v1/sources",
      { headers: { Origin: friend } },
      "192.0.2.7",
    );

    expect([unknown.status, elsewhere.status]).toEqual([401, 403]);
    for (const { headers } of [unknown, elsewhere]) {
      expect(headers.get("Access-Control-Allow-Origin")).toBe(friend);
    }
  });

  test("is told by a preflight what it may send, before it has any credentials", async () => {
    const response = await preflight("http://localhost:3000");

    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(saidIn(response)).toEqual({
      vary: "Origin",
      "access-control-allow-origin": "http://localhost:3000",
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": expect.any(String),
      "access-control-allow-headers": expect.any(String),
      "access-control-max-age": "600",
    });
    expect(listIn(response, "Access-Control-Allow-Methods")).toEqual(
      expect.arrayContaining(["get", "post", "put", "patch", "delete"]),
    );
    expect(listIn(response, "Access-Control-Allow-Headers")).toEqual(
      expect.arrayContaining(
        "authorization x-api-key content-type idempotency-key x-csrftoken x-uc-wait x-uc-bypass-cache x-uc-cache-only prefer".split(
          " ",
        ),
      ),
    );
  });

  test("is not told where its address is not allowed", async () => {
    expect((await preflight(friend, {}, "192.0.2.7")).status).toBe(403);
  });
});

describe("any other origin", () => {
  test.each([
    stranger,
    "null",
    "",
    "http://app.example",
    "https://app.example:444",
    "https://app.example.evil.example",
    "https://APP.example",
    `${friend}, ${friend}`,
  ])("such as %p is told nothing but that origins matter", async (origin) => {
    expect(saidIn(await ask(origin))).toEqual({ vary: "Origin" });
    const asked = await preflight(origin);
    expect([asked.status, saidIn(asked)]).toEqual([204, { vary: "Origin" }]);
  });

  test("or none is told that too, for the caches in between", async () => {
    expect(saidIn(await ask(undefined))).toEqual({ vary: "Origin" });
  });
});

describe("elsewhere", () => {
  test("an OPTIONS that is no preflight is a call like any other", async () => {
    const response = await service.request("/api/v1/sources", {
      method: "OPTIONS",
      headers: { Origin: friend },
    });

    expect(response.status).toBe(404);
  });

  test.each(["/docs", "/metrics", "/openapi.json"])("%s is for no page", async (path) => {
    expect(saidIn(await ask(friend, path))).toEqual({});
  });

  test("nothing is said where no origin is listed", async () => {
    expect(saidIn(await ask(friend, "/api/v1/sources", closed))).toEqual({});
    const asked = await closed.request("/api/v1/sources", {
      method: "OPTIONS",
      headers: { Origin: friend, "Access-Control-Request-Method": "GET" },
    });
    expect([asked.status, saidIn(asked)]).toEqual([404, {}]);
  });
});
