import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { answerStarting } from "../../src/http/starting.ts";
import { PAGE_POLICY } from "../../src/http/secure-headers.ts";
import { type TestService, testService } from "../support/service.ts";

let service: TestService;
beforeAll(async () => {
  service = await testService({
    worker: "off",
    environment: { UC_TRUSTED_PROXIES: "10.0.0.0/8" },
  });
});
afterAll(() => service[Symbol.asyncDispose]());

const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";
const secure = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": NO_PAGE,
};
const headersOf = ({ headers }: Response) => Object.fromEntries(headers);

describe("every answer", () => {
  test.each([
    ["a list", "/api/v1/sources", 200],
    ["nobody's", "/api/v1/healthz", 200],
    ["one that was not found", "/api/v1/sources/none", 404],
    ["one of no route", "/nowhere", 404],
    ["one that can't be read", "/api/v1/sources/%ZZ", 400],
    ["the document", "/openapi.json", 200],
    ["the reference's script", "/docs/scalar.js", 200],
    ["metrics", "/metrics", 200],
  ])("has the headers: %s", async (_, path, status) => {
    const response = await service.request(path);

    expect(response.status).toBe(status);
    expect(headersOf(response)).toMatchObject(secure);
  });

  test("has them without a body too, and to nobody", async () => {
    const empty = await service.request("/api/v1/sources", { method: "HEAD" });
    const refused = await service.request("/api/v1/sources", {
      headers: { authorization: "" },
    });

    expect(refused.status).toBe(401);
    for (const response of [empty, refused]) {
      expect(headersOf(response)).toMatchObject(secure);
    }
  });

  test("has them while the service starts", () => {
    for (const path of ["/api/v1/healthz", "/docs"]) {
      const response = answerStarting(new Request(`http://localhost${path}`));

      expect(headersOf(response)).toMatchObject(secure);
    }
  });

  test("names no software", async () => {
    const names = [...(await service.request("/api/v1/sources")).headers.keys()];

    expect(names).not.toContain("server");
    expect(names).not.toContain("x-powered-by");
  });
});

describe("Strict-Transport-Security", () => {
  const HSTS = "Strict-Transport-Security";
  const through = async (peer: string, scheme: string | undefined) => {
    const headers = scheme === undefined ? {} : { "X-Forwarded-Proto": scheme };
    return (await service.request("/api/v1/healthz", { headers }, peer)).headers.get(
      HSTS,
    );
  };

  test("is said behind https, as a trusted proxy tells it", async () => {
    expect(await through("10.0.0.1", "https")).toBe("max-age=31536000");
    expect(await through("10.0.0.1", "http")).toBeNull();
    expect(await through("10.0.0.1", undefined)).toBeNull();
    expect(await through("192.0.2.7", "https")).toBeNull();
  });

  test("is said where we speak https ourselves", async () => {
    const own = await service.request("https://localhost/api/v1/healthz");

    expect(own.headers.get(HSTS)).toBe("max-age=31536000");
  });
});

describe("the policy of pages", () => {
  test("lets no page run a script that stands in it, or load from elsewhere", () => {
    expect(PAGE_POLICY).not.toMatch(/unsafe|\*|https?:|sha256/);
    expect(PAGE_POLICY).toContain("default-src 'none'");
    expect(PAGE_POLICY).toContain("frame-ancestors 'none'");
    expect(PAGE_POLICY).toContain("base-uri 'none'");
  });

  test("lets the reference run the one script that stands in it, and no other", async () => {
    const response = await service.request("/docs");
    const page = await response.text();
    const policy = response.headers.get("Content-Security-Policy") ?? "";
    const scripts = [
      ...page.matchAll(/<script type="text\/javascript">([\s\S]*?)<\/script>/g),
    ];
    const hashes = scripts.map(
      ([, text = ""]) =>
        `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`,
    );

    expect(hashes).toHaveLength(1);
    expect(page.split("<script")).toHaveLength(3);
    expect(/script-src ([^;]+)/.exec(policy)?.[1]).toBe(`'self' ${hashes[0]}`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-eval|\*|https?:/);
    expect(headersOf(response)).toMatchObject({
      ...secure,
      "content-security-policy": policy,
    });
  });
});
