import { describe, expect, test } from "bun:test";
import { adminToken, clientOf } from "./client.ts";
import { jsonOf } from "../support/service.ts";
import { sharedDatabase } from "./places.ts";
import { type RunningApi, startApi } from "./processes.ts";

/** Makes a source, and gives the address that the audit trail has of who did. */
async function addressSeen(
  api: RunningApi,
  id: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const client = clientOf(api);
  const answer = await fetch(`${api.url}/api/v1/sources`, {
    method: "POST",
    headers: {
      ...headers,
      authorization: `Bearer ${adminToken}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({
      id,
      base_url: "http://127.0.0.1:9",
      key_template: "/{{path*}}",
    }),
  });
  expect([answer.status, await answer.text()]).toEqual([201, expect.any(String)]);
  const { items } = await jsonOf(await client.get("/api/v1/audit?limit=1"));
  expect(items[0]).toMatchObject({ action: "source.create", target: id });
  return items[0].address;
}

describe("the address of a client", () => {
  test("is that of its connection, whatever it claims", async () => {
    await using place = await sharedDatabase();
    await using api = await startApi({ ...place.environment, HOST: "::1" });
    const claim = { "X-Forwarded-For": "192.0.2.7", "X-Real-IP": "192.0.2.7" };

    expect(await addressSeen(api, "plain")).toBe("::1");
    expect(await addressSeen(api, "claimed", claim)).toBe("::1");
  }, 120_000);

  test("is what a trusted proxy says", async () => {
    await using place = await sharedDatabase();
    await using api = await startApi({
      ...place.environment,
      UC_TRUSTED_PROXIES: "127.0.0.0/8",
    });
    const passed = { "X-Forwarded-For": "198.51.100.9, 192.0.2.7" };

    expect(await addressSeen(api, "plain")).toBe("127.0.0.1");
    expect(await addressSeen(api, "passed", passed)).toBe("192.0.2.7");
  }, 120_000);
});

describe("UC_IP_ALLOW", () => {
  test("refuses who connects from elsewhere, but for probes", async () => {
    await using place = await sharedDatabase();
    await using api = await startApi({
      ...place.environment,
      HOST: "::1",
      UC_IP_ALLOW: "127.0.0.0/8,2001:db8::/32",
    });
    const client = clientOf(api);

    expect(await client.status("/api/v1/sources")).toBe(403);
    expect(await client.status("/docs")).toBe(403);
    expect(await client.status("/api/v1/healthz")).toBe(200);
    expect(await client.status("/api/v1/readyz")).toBe(200);
  }, 120_000);

  test("answers who connects from a listed address", async () => {
    await using place = await sharedDatabase();
    await using api = await startApi({
      ...place.environment,
      HOST: "::1",
      UC_IP_ALLOW: "::1",
      UC_IP_ALLOW_ADMIN: "127.0.0.0/8",
    });
    const client = clientOf(api);

    expect(await client.status("/api/v1/sources")).toBe(200);
    expect(await client.status("/api/v1/audit")).toBe(403);
  }, 120_000);
});

describe("an answer over the wire", () => {
  test("names no software, and is not to be guessed at or framed", async () => {
    await using place = await sharedDatabase();
    await using api = await startApi(place.environment);

    const { headers } = await clientOf(api).get("/api/v1/sources");

    expect([...headers.keys()]).not.toContain("server");
    expect([...headers.keys()]).not.toContain("x-powered-by");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("X-Frame-Options")).toBe("DENY");
    expect(headers.get("Strict-Transport-Security")).toBeNull();
  }, 120_000);
});
