import { describe, expect, test } from "bun:test";
import { dataPlane } from "../http/gateway/data-plane-service.ts";
import { movingClock } from "../support/moving-clock.ts";
import { adminToken } from "../support/service.ts";
import { type Arrival, logArrivals, mostWithin } from "./arrivals.ts";
import { until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";

/** A busy machine may stop a sender between its last look at the permit and the write. */
const STALL_MILLIS = 20;

describe("a quota that two processes share through the gateway", () => {
  test("is never exceeded, and a refusal is waited out", async () => {
    await using place = await sharedDatabase();
    const address = { url: place.environment["DATABASE_URL"] ?? "" };
    await using plane = await dataPlane({ address, worker: "off" });
    const environment = { ...place.environment, UC_ADMIN_TOKEN: adminToken };
    await using first = await startApi(environment);
    await using second = await startApi(environment);
    const source = {
      timeout_ms: 5_000,
      rate_limit: { per_minute: 600, per_second: 10 },
    };
    await plane.proxy("few", { source, settings: { ttl: 60 } });
    const urls = [first, second].map(({ url }) => `${url}/gw/shop/few`);
    for (const url of urls) {
      await until(
        async () => (await fetch(`${url}/known`)).status,
        (status) => status === 200,
      );
    }
    plane.upstream.calls.length = 0;
    using log = logArrivals(plane.upstream, (_, response) => response.end("ok"));

    const statuses = new Map<number, number>();
    const retries: string[] = [];
    using clock = movingClock();
    let number = 0;
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        while (clock.now() < 3_000) {
          // Hits, misses of one key and of many, and what is not looked up at all.
          const key = index % 4 === 0 ? "same" : `key-${(number += 1)}`;
          const method = index % 5 === 0 ? "POST" : "GET";
          const answer = await fetch(`${urls[index % 2]}/${key}`, { method });
          await answer.arrayBuffer();
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          if (answer.status === 429)
            retries.push(answer.headers.get("retry-after") ?? "");
        }
      }),
    );
    const arrivals: readonly Arrival[] = log.arrivals;
    const window = 1_000 - log.stallMillis() - STALL_MILLIS;
    console.log(
      `${arrivals.length} calls in 3 s, at most ${mostWithin(arrivals, window)} in a second;`,
      Object.fromEntries(statuses),
    );
    expect(mostWithin(arrivals, window)).toBeLessThanOrEqual(10);
    expect(arrivals.length).toBeGreaterThan(15);
    expect([...statuses.keys()].toSorted()).toEqual([200, 429]);
    expect(retries.every((seconds) => /^[1-9]\d*$/.test(seconds))).toBe(true);
  }, 120_000);

  test("rests as long as the upstream asks, in both processes", async () => {
    await using place = await sharedDatabase();
    const address = { url: place.environment["DATABASE_URL"] ?? "" };
    await using plane = await dataPlane({ address, worker: "off" });
    await using api = await startApi({
      ...place.environment,
      UC_ADMIN_TOKEN: adminToken,
    });
    await plane.proxy("tired", { source: { rate_limit: { per_minute: 6_000 } } });
    const url = `${api.url}/gw/shop/tired`;
    await until(
      async () => (await fetch(`${url}/known`)).status,
      (status) => status === 200,
    );
    plane.upstream.answer((_, response) => {
      response.writeHead(429, { "retry-after": "4" }).end("slow down");
    });
    const refused = await fetch(`${url}/a`);
    expect(refused.status).toBe(429);
    expect(await refused.text()).toBe("slow down");
    plane.upstream.answer((_, response) => response.end("ok"));
    const calls = plane.upstream.calls.length;

    const early = await Promise.all([
      ...Array.from({ length: 5 }, () => fetch(`${url}/b`)),
      ...Array.from({ length: 5 }, () => plane.get("tired/b")),
    ]);
    expect(early.map(({ status }) => status)).toEqual(Array(10).fill(429));
    expect(plane.upstream.calls.length).toBe(calls);
    for (const { headers } of early) {
      expect(Number(headers.get("retry-after"))).toBeWithin(1, 5);
    }
    const again = await until(
      () => plane.get("tired/b").then(({ status }) => status),
      (status) => status === 200,
    );
    expect(again).toBe(200);
    const [last] = plane.upstream.calls.slice(-1);
    const [refusal] = plane.upstream.calls.slice(calls - 1);
    expect((last?.at ?? 0) - (refusal?.at ?? 0)).toBeGreaterThan(3_900);
  }, 120_000);
});
