import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { json } from "../../support/counting-upstream.ts";
import {
  eventually,
  jsonOf,
  type TestService,
  testService,
} from "../../support/service.ts";
import { parsePrometheus } from "../prometheus-parser.ts";
import { type DataPlane, dataPlane } from "./data-plane-service.ts";
import { readWhole } from "./replies.ts";

let plane: DataPlane;
beforeAll(async () => {
  plane = await dataPlane({ worker: "off" });
}, 60_000);
afterAll(() => plane[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  readWhole(plane).get(path, headers);
const none = { hit: 0, miss: 0, stale_served: 0, bypass: 0, refused: 0 };

const metrics = async (service: TestService = plane.service) =>
  jsonOf(await service.request("/api/v1/metrics"));
const ofProxy = async (name: string, service?: TestService) =>
  (await metrics(service)).gateway.api_proxies.find(
    (proxy: any) => proxy.api_proxy === name,
  );
/** By how much each number of the gateway and of all reads has grown. */
async function growth(act: () => Promise<unknown>) {
  const [before, , after] = [await metrics(), await act(), await metrics()];
  const grown = (now: any, then: any) =>
    Object.fromEntries(
      Object.entries<any>(now)
        .filter(([, value]) => typeof value === "number")
        .map(([name, value]) => [name, value - then[name]]),
    );
  return {
    gateway: grown(after.gateway, before.gateway),
    cache: grown(after.cache, before.cache),
  };
}
const exported = async (service: TestService = plane.service) => {
  const response = await service.request("/metrics");
  expect(response.status).toBe(200);
  return parsePrometheus(await response.text());
};
const labels = (response: Response) => response.headers.get("X-UC-Cache");

describe("requests of the data plane", () => {
  test("are counted by X-UC-Cache: in all, per API proxy, per endpoint, and as reads", async () => {
    await plane.proxy("counted", {
      endpoints: [
        { name: "/kept/{id}", settings: { ttl: 60 } },
        { name: "/never", httpMethod: "POST" },
      ],
    });
    const { gateway, cache } = await growth(async () => {
      const answers = [
        await get("counted/kept/1"),
        await get("counted/kept/1"),
        await plane.send("HEAD", "counted/kept/1"),
        await get("counted/kept/2"),
        await get("counted/elsewhere"),
      ];
      expect(answers.map(labels)).toEqual(["MISS", "HIT", "HIT", "MISS", "BYPASS"]);
    });

    const counts = { hit: 2, miss: 2, bypass: 1, stale_served: 0 };
    expect(gateway).toEqual({ ...counts, refused: 0, renewals_dropped: 0 });
    expect(cache).toEqual(counts);
    expect(await ofProxy("counted")).toEqual({
      project: "shop",
      api_proxy: "counted",
      ...counts,
      refused: 0,
      endpoints: [{ ...none, name: "/kept/{id}", http_method: "GET", hit: 2, miss: 2 }],
    });
  });

  test("are counted as stale where an old answer stands in", async () => {
    await plane.proxy("old", {
      settings: { ttl: 60 },
      source: { stale_if_error_s: 600 },
    });
    await get("old/a");
    await plane.age(70_000);
    plane.answers.set("old", json({}, 503));

    const { cache } = await growth(async () =>
      expect(labels(await get("old/a"))).toBe("STALE"),
    );

    expect(cache).toEqual({ hit: 0, miss: 0, bypass: 0, stale_served: 1 });
    expect(await ofProxy("old")).toMatchObject({ miss: 1, stale_served: 1 });
  });

  test("are counted as refused, and as no read, where we answer for the upstream", async () => {
    await plane.proxy("broken", { answer: (request) => request.socket.destroy() });
    await plane.proxy("spent", { source: { rate_limit: { per_minute: 1 } } });
    await get("spent/a");

    const { gateway, cache } = await growth(async () => {
      const statuses = [await get("broken/a"), await get("spent/b")].map(
        ({ status }) => status,
      );
      expect(statuses).toEqual([502, 429]);
    });

    expect(gateway).toEqual({ ...none, refused: 2, renewals_dropped: 0 });
    expect(cache).toEqual({ hit: 0, miss: 0, stale_served: 0, bypass: 0 });
    expect(await ofProxy("broken")).toMatchObject({ ...none, refused: 1 });
    expect(await ofProxy("spent")).toMatchObject({ ...none, bypass: 1, refused: 1 });
  });

  test("count nowhere where they are refused for themselves", async () => {
    await plane.proxy("closed", { proxy: { access: "TOKEN", creationType: "OPEN_API" } });
    await plane.proxy("open", { proxy: { creationType: "OPEN_API" } });
    await plane.proxy("guarded", { settings: { invalidationRequiresAuthn: true } });

    const { gateway, cache } = await growth(async () => {
      const statuses = [
        await get("closed/a", { "x-api-key": "nobody" }),
        await get("open/a"),
        await get("unknown/a"),
        await get("guarded/a", { "cache-control": "no-cache" }),
      ].map(({ status }) => status);
      expect(statuses).toEqual([401, 404, 404, 401]);
    });

    expect(gateway).toEqual({ ...none, renewals_dropped: 0 });
    expect(cache).toEqual({ hit: 0, miss: 0, stale_served: 0, bypass: 0 });
  });

  test("are counted over all processes, whichever is asked", async () => {
    await using other = await testService({
      worker: "off",
      address: plane.service.address,
    });
    await plane.proxy("shared", { settings: { ttl: 60 } });
    await get("shared/a");
    await eventually(
      () => other.request("/gw/shop/shared/a"),
      ({ status }) => status === 200,
    );
    await get("shared/a");

    await metrics(other);

    expect(await ofProxy("shared")).toMatchObject({ hit: 2, miss: 1 });
    expect(await ofProxy("shared", other)).toMatchObject({ hit: 2, miss: 1 });
  }, 60_000);

  test("of a CONTINUE whose call was dropped are shown as such", async () => {
    await plane.proxy("dropping", {
      settings: { ttl: 60, handlingAction: "CONTINUE" },
      source: { rate_limit: { per_minute: 1 } },
    });
    await get("dropping/a");
    const before = (await metrics()).gateway.renewals_dropped;

    expect(labels(await get("dropping/a"))).toBe("HIT");

    const after = await eventually(
      async () => (await metrics()).gateway.renewals_dropped,
      (dropped) => dropped > before,
    );
    expect(after).toBe(before + 1);
    const families = await exported();
    expect(families.get("uni_cache_dropped_renewals_total")?.samples).toEqual([
      { labels: {}, value: after },
    ]);
  });

  test("stay in the totals when their API proxy is deleted, which is told of no more", async () => {
    await plane.proxy("leaving");
    await get("leaving/a");
    const before = (await metrics()).gateway;

    const deleted = await plane.service.request(
      "/apiops/projects/shop/apiProxies/leaving/",
      {
        method: "DELETE",
      },
    );

    expect(deleted.status).toBe(200);
    const after = (await metrics()).gateway;
    expect(after.bypass).toBe(before.bypass);
    expect(await ofProxy("leaving")).toBeUndefined();
  });
});

describe("GET /metrics of the gateway", () => {
  test("names each API proxy and result, escaped, those of no requests too", async () => {
    const name = 'a "b" {c}=,#é';
    await plane.proxy("named");
    await get("named/a");
    const renamed = await plane.service.send(
      "PATCH",
      "/apiops/projects/shop/apiProxies/named/",
      { apiProxyName: name },
    );
    expect(renamed.status).toBe(200);

    const { samples = [], type } =
      (await exported()).get("uni_cache_gateway_requests_total") ?? {};

    const its = samples.filter(({ labels }) => labels["api_proxy"] === name);
    expect(type).toBe("counter");
    expect(its).toEqual(
      ["hit", "miss", "stale", "bypass", "refused"].map((result) => ({
        labels: { project: "shop", api_proxy: name, result },
        value: result === "bypass" ? 1 : 0,
      })),
    );
  });

  test("names none where it is public, and tells the totals", async () => {
    await using open = await testService({
      worker: "off",
      address: plane.service.address,
      metricsPublic: true,
    });
    const { gateway } = await metrics(open);

    const response = await open.request("/metrics", { headers: { "x-as": "nobody" } });

    const text = await response.text();
    expect(text).not.toContain("shop");
    expect(text).toContain(
      `\nuni_cache_gateway_answers_total{result="bypass"} ${gateway.bypass}\n`,
    );
  });
});
