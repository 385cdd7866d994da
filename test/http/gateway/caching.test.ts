import { afterAll, describe, expect, test } from "bun:test";
import { dataPlane } from "./data-plane-service.ts";
import { readWhole, secondsSince, statusSince } from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy } = plane;
const { get } = readWhole(plane);

describe("a proxy without cache settings", () => {
  test("passes everything on, and says so", async () => {
    await proxy("plain");
    const one = await get("plain/a?b=2&a=1");
    const two = await get("plain/a?b=2&a=1");
    expect([one.status, two.status]).toEqual([200, 200]);
    expect(await one.json()).toMatchObject({ path: "/plain/a?b=2&a=1" });
    expect(two.headers.get("X-UC-Cache")).toBe("BYPASS");
    expect(callsOf("/plain/")).toHaveLength(2);
  });
});

describe("a proxy with a ttl", () => {
  test("answers the second GET from the cache, with its age and the same bytes", async () => {
    await proxy("kept", { settings: { ttl: 60 } });
    const startedAt = performance.now();
    const one = await get("kept/a?x=1&y=2");
    const two = await get("kept/a?y=2&x=1");
    expect([one.headers.get("X-UC-Cache"), two.headers.get("X-UC-Cache")]).toEqual([
      "MISS",
      "HIT",
    ]);
    expect(await two.text()).toBe(await one.text());
    expect(Number(two.headers.get("Age"))).toBeWithin(0, secondsSince(startedAt));
    const status = "uni-cache;hit;ttl=60";
    expect(statusSince(startedAt, two, status)).toBe(status);
    expect(callsOf("/kept/")).toHaveLength(1);
  });
});
