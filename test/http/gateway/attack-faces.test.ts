import { afterAll, expect, test } from "bun:test";
import { jsonOf } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";

const plane = await dataPlane({ environment: { UC_IP_ALLOW: "10.0.0.0/8" } });
afterAll(() => plane[Symbol.asyncDispose]());

test("an address that is not allowed is refused in the gateway's words", async () => {
  const answer = await plane.service.request("/gw/shop/a/b", {}, "192.0.2.1");
  expect(answer.status).toBe(403);
  expect(await jsonOf(answer)).toMatchObject({
    error: "forbidden",
    error_description: expect.any(String),
  });
  expect(answer.headers.get("Content-Security-Policy")).toBe("sandbox");
  expect(answer.headers.get("X-Content-Type-Options")).toBe("nosniff");
});
