import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { tokenHash } from "../../src/domain/access/token.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { ChangeBus } from "../../src/services/change-bus.ts";
import { COUNTERS, type CounterName, Counters } from "../../src/services/counters.ts";
import { isForfeit, takePermits } from "../../src/services/quota/permit.ts";
import { Background } from "../../src/services/refresh/background.ts";
import { refreshedSource, running } from "../services/refreshing.ts";
import {
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { parsePrometheus } from "./prometheus-parser.ts";

let upstream: CountingUpstream;
/** For what changes no number. */
let shared: TestService;

const guestToken = "guest-token-0123456789";

beforeAll(async () => {
  upstream = await countingUpstream();
  shared = await idleService();
  await addToken(shared, guestToken, "guest");
});
afterAll(async () => {
  await shared[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const nobody = { headers: { authorization: "Bearer nobody" } };

/** A service that collects nothing by itself, so that every number is the test's. */
const idleService = () => testService({ worker: "off" });

const metricsOf = async (service: TestService) => {
  const response = await service.request("/api/v1/metrics");
  expect(response.status).toBe(200);
  return jsonOf(response);
};

const exported = async (service: TestService) => {
  const response = await service.request("/metrics");
  expect(response.status).toBe(200);
  return parsePrometheus(await response.text());
};

/** The value of `name` with exactly `labels`. */
const valueOf = (
  families: Awaited<ReturnType<typeof exported>>,
  name: string,
  labels: Record<string, string> = {},
) =>
  families.get(name)?.samples.find((sample) => Bun.deepEquals(sample.labels, labels))
    ?.value;

const count = (service: TestService, name: CounterName, by: number) =>
  service.run(Counters.use(({ count }) => Effect.sync(() => count(name, by))));

/** Counts another number of each, so that none can be taken for another. */
async function countEach(service: TestService) {
  for (const [index, name] of COUNTERS.entries()) {
    await count(service, name, 100 + index);
  }
}

/** A second token of `role`, in force. */
const addToken = (service: TestService, token: string, role: "user" | "guest") =>
  service.run(
    Effect.gen(function* () {
      const store = yield* TokenStore;
      const bus = yield* ChangeBus;
      const hash = tokenHash(token);
      yield* store.add({ id: `${role}-1`, name: role, role, hash });
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );

describe("GET /api/v1/metrics", () => {
  test("has the fields of the document, and all numbers are 0 at first", async () => {
    await using service = await idleService();

    const response = await service.request("/api/v1/metrics");

    const { uptime_s, process, ...body } = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(Object.keys(await metricsOf(service)).slice(0, 4)).toEqual([
      "uptime_s",
      "cache",
      "jobs",
      "sources",
    ]);
    expect(body).toEqual({
      cache: { hit: 0, miss: 0, stale_served: 0, bypass: 0 },
      jobs: { queued: 0, running: 0, failed: 0, updated: 0, not_modified: 0 },
      sources: { count: 0 },
      upstream: { calls: 0, refusals: 0, denials: 0, lost: 0 },
      gateway: {
        hit: 0,
        miss: 0,
        stale_served: 0,
        bypass: 0,
        refused: 0,
        renewals_dropped: 0,
        api_proxies: [],
      },
    });
    expect(Number.isInteger(uptime_s) && uptime_s >= 0).toBe(true);
    expect(process).toMatchObject({ memory_entries: 0, memory_bytes: 0 });
    expect(process.resident_bytes).toBeGreaterThan(1_000_000);
  });

  test("shows each count under its name", async () => {
    await using service = await idleService();
    await countEach(service);

    expect(await metricsOf(service)).toMatchObject({
      cache: { hit: 100, miss: 101, stale_served: 102, bypass: 103 },
      jobs: { updated: 104, not_modified: 105, failed: 106 },
      upstream: { calls: 107, refusals: 108, denials: 109, lost: 110 },
      gateway: {
        renewals_dropped: 111,
        hit: 112,
        miss: 113,
        stale_served: 114,
        bypass: 115,
        refused: 116,
      },
    });
  });

  test("is of all processes, whichever is asked", async () => {
    await using one = await idleService();
    await using other = await testService({ worker: "off", address: one.address });
    await count(one, "reads_hit", 3);
    await count(other, "reads_hit", 4);
    await refreshedSource(one, upstream.url);

    await metricsOf(one);

    expect(await metricsOf(other)).toMatchObject({
      cache: { hit: 7 },
      sources: { count: 1 },
    });
    expect((await metricsOf(one)).cache.hit).toBe(7);
  });

  test("counts refreshes by their end, and the calls they took", async () => {
    await using service = await idleService();
    const source = await refreshedSource(service, upstream.url);
    const refresh = async (key: string) => source.run(await source.claim(key));
    const look = async () => {
      const { jobs, upstream } = await metricsOf(service);
      return { ...jobs, ...upstream };
    };
    const none = await look();

    upstream.answer(json({ n: 1 }, 200, { etag: '"1"' }));
    expect(await refresh("/a")).toBe("Updated");
    const updated = { ...none, updated: 1, calls: 1 };
    expect(await look()).toEqual(updated);

    upstream.answer((_, response) => response.writeHead(304).end());
    expect(await refresh("/a")).toBe("NotModified");
    const renewed = { ...updated, not_modified: 1, calls: 2 };
    expect(await look()).toEqual(renewed);

    upstream.answer(json({}, 401));
    expect(await refresh("/b")).toBe("Failed");
    const denied = { ...renewed, failed: 1, calls: 3, denials: 1 };
    expect(await look()).toEqual(denied);

    // Three attempts of one refresh.
    upstream.answer((request) => request.socket.destroy());
    expect(await refresh("/c")).toBe("Failed");
    const broken = { ...denied, failed: 2, calls: 6 };
    expect(await look()).toEqual(broken);

    // Refused for a while: the task waits, and has not ended.
    upstream.answer(json({}, 429, { "retry-after": "60" }));
    expect(await refresh("/d")).toBe("Waiting");
    expect(await look()).toEqual({ ...broken, queued: 1, calls: 7, refusals: 1 });
  }, 60_000);

  test("has what ended while a process stopped", async () => {
    await using service = await idleService();
    const stopping = await testService({ worker: "off", address: service.address });
    const source = await refreshedSource(stopping, upstream.url);
    const claimed = await source.claim("/a");
    const release = Promise.withResolvers<void>();
    upstream.answer((request, response) => {
      void release.promise.then(() => json({ n: 1 })(request, response));
    });
    const before = upstream.calls.length;
    await stopping.run(
      Background.use((background) => background.start(running(source.known, claimed))),
    );
    await upstream.called(before + 1);

    const stopped = stopping[Symbol.asyncDispose]();
    release.resolve();
    await stopped;

    expect(await metricsOf(service)).toMatchObject({
      jobs: { updated: 1, running: 0 },
      upstream: { calls: 1 },
    });
  });

  test("shows what waits, what runs, and what is configured", async () => {
    await using service = await idleService();
    const source = await refreshedSource(service, upstream.url);
    await refreshedSource(service, upstream.url);
    await source.enqueue("/a", "/b", "/c");
    await source.claim("/d");

    expect(await metricsOf(service)).toMatchObject({
      jobs: { queued: 3, running: 1, failed: 0 },
      sources: { count: 2 },
    });
  });

  test("shows calls that were lost because their permit came too late", async () => {
    await using service = await idleService();
    const { known } = await refreshedSource(service, upstream.url);

    await service.run(
      Effect.gen(function* () {
        const { permit } = yield* takePermits(known.source, 5, Effect.succeed);
        if (permit === undefined) throw new Error("Expected a permit");
        expect(yield* isForfeit(known.source, permit, 5)).toBe(false);
        expect(yield* isForfeit(known.source, { ...permit, usableUntil: 0 }, 5)).toBe(
          true,
        );
      }),
    );

    expect((await metricsOf(service)).upstream).toMatchObject({ calls: 0, lost: 5 });
  });

  test("shows what the process holds in memory", async () => {
    await using service = await idleService();
    const source = await refreshedSource(service, upstream.url);
    upstream.answer(json({ text: "x".repeat(10_000) }));
    await source.run(await source.claim("/a"));

    await service.request(`/api/v1/cache/${source.id}/%2Fa`);

    const { process } = await metricsOf(service);
    expect(process.memory_entries).toBe(1);
    expect(process.memory_bytes).toBeGreaterThan(10_000);
  });

  test("is for everyone who may view, and for nobody else", async () => {
    const asked = async (headers: Record<string, string>) =>
      (await shared.request("/api/v1/metrics", { headers })).status;

    expect(await asked({ "x-api-key": guestToken })).toBe(200);
    expect(await asked({ "x-api-key": "nobody" })).toBe(401);
    expect(await asked({ "x-api-key": guestToken, authorization: "Bearer a" })).toBe(400);
  });
});

describe("GET /metrics", () => {
  test("is Prometheus' text, and can be asked for by HEAD", async () => {
    const response = await shared.request("/metrics");
    const head = await shared.request("/metrics", { method: "HEAD" });

    expect([response.status, head.status]).toEqual([200, 200]);
    for (const { headers } of [response, head]) {
      expect(headers.get("Content-Type")).toBe(
        "text/plain; version=0.0.4; charset=utf-8",
      );
      expect(headers.get("Cache-Control")).toBe("no-store");
    }
    expect(parsePrometheus(await response.text()).size).toBeGreaterThan(10);
  });

  test("has every count of the cluster and of this process under its name", async () => {
    await using one = await idleService();
    await using other = await testService({ worker: "off", address: one.address });
    await countEach(other);
    await exported(other);
    await count(one, "reads_hit", 1);

    const families = await exported(one);

    const all = (name: string, labels?: Record<string, string>) => [
      valueOf(families, `uni_cache_${name}`, labels),
      valueOf(families, `uni_cache_process_${name}`, labels),
    ];
    expect(all("reads_total", { result: "hit" })).toEqual([101, 1]);
    expect(all("reads_total", { result: "miss" })).toEqual([101, 0]);
    expect(all("reads_total", { result: "stale" })).toEqual([102, 0]);
    expect(all("reads_total", { result: "bypass" })).toEqual([103, 0]);
    expect(all("refreshes_total", { result: "updated" })).toEqual([104, 0]);
    expect(all("refreshes_total", { result: "not_modified" })).toEqual([105, 0]);
    expect(all("refreshes_total", { result: "failed" })).toEqual([106, 0]);
    expect(all("upstream_calls_total")).toEqual([107, 0]);
    expect(all("upstream_refusals_total")).toEqual([108, 0]);
    expect(all("upstream_denials_total")).toEqual([109, 0]);
    expect(all("lost_calls_total")).toEqual([110, 0]);
    expect(all("dropped_renewals_total")).toEqual([111, 0]);
    const answers = ["hit", "miss", "stale", "bypass", "refused"];
    expect(answers.map((result) => all("gateway_answers_total", { result }))).toEqual(
      answers.map((_, index) => [112 + index, 0]),
    );
  });

  test("has what waits, what runs, what is configured, and what the process takes", async () => {
    await using service = await idleService();
    const source = await refreshedSource(service, upstream.url);
    await source.enqueue("/a", "/b");
    await source.claim("/c");

    const families = await exported(service);

    const value = (name: string, labels?: Record<string, string>) =>
      valueOf(families, `uni_cache_${name}`, labels);
    expect(value("tasks", { state: "queued" })).toBe(2);
    expect(value("tasks", { state: "running" })).toBe(1);
    expect(value("sources")).toBe(1);
    expect(value("process_memory_entries")).toBe(0);
    expect(value("process_memory_entries_bytes")).toBe(0);
    expect(value("process_info", { version: "0.0.0" })).toBe(1);
    expect(value("process_uptime_seconds")).toBeGreaterThan(0);
    expect(value("process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(value("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  });

  test("has no more lines for more sources and keys", async () => {
    await using service = await idleService();
    const lines = async () =>
      (await (await service.request("/metrics")).text()).split("\n").length;
    const before = await lines();
    for (let n = 0; n < 3; n++) {
      const source = await refreshedSource(service, upstream.url);
      await source.enqueue(...Array.from({ length: 20 }, (_, key) => `/${key}`));
    }

    expect(await lines()).toBe(before);
  });

  test("needs a token", async () => {
    const refused = await shared.request("/metrics", nobody);

    expect(refused.status).toBe(401);
    expect((await jsonOf(refused)).code).toBe("AUTHENTICATION_REQUIRED");
    const viewer = { headers: { authorization: `Bearer ${guestToken}` } };
    expect((await shared.request("/metrics", viewer)).status).toBe(200);
  });

  test("needs none where it is public; the JSON and all else still do", async () => {
    await using service = await testService({ worker: "off", metricsPublic: true });

    const statuses = await Promise.all(
      ["/metrics", "/api/v1/metrics", "/api/v1/sources"].map(
        async (path) => (await service.request(path, nobody)).status,
      ),
    );

    expect(statuses).toEqual([200, 401, 401]);
    const route = service.declared.find(({ path }) => path === "/metrics");
    expect(route?.declaration.needs).toBe("nothing");
    const { paths } = await jsonOf(await service.request("/openapi.json"));
    expect(paths["/metrics"].get.security).toEqual([]);
  });
});

describe("while the store is away", () => {
  test("both answer 503, and afterwards nothing is missing", async () => {
    await using database = await testDatabase();
    await using wire = await cuttable(database);
    await using service = await testService({
      worker: "off",
      address: { url: wire.url },
    });
    await count(service, "reads_hit", 1);
    await metricsOf(service);

    await wire.cut();
    await count(service, "reads_hit", 10);
    const away = await Promise.all(
      ["/api/v1/metrics", "/metrics"].map((path) => service.request(path)),
    );
    await wire.mend();

    for (const response of away) {
      expect(response.status).toBe(503);
      expect(response.headers.get("Retry-After")).toBe("1");
      expect((await jsonOf(response)).code).toBe("STORE_UNAVAILABLE");
    }
    await eventually(
      () => service.request("/metrics"),
      ({ status }) => status === 200,
    );
    expect((await metricsOf(service)).cache.hit).toBe(11);
  }, 60_000);
});
