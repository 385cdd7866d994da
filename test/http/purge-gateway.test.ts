import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { proxySpace } from "../../src/domain/api-proxy/api-proxy.ts";
import { ResponseCache, type Shelf } from "../../src/services/gateway/response-cache.ts";
import { ProjectStore } from "../../src/services/api-proxy/project-store.ts";
import { ProxyStore } from "../../src/services/api-proxy/proxy-store.ts";
import { responseAt } from "../adapters/postgres/responses.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { act, createInstance, inventorySources, unreachedAfter } from "./inventory.ts";

let service: TestService;
let other: TestService;
const spaces = new Map<string, string>();

/** `project/proxy` over a source. */
const PROXIES = [
  ["shop", "orders", "weather"],
  ["shop", "users", "rules"],
  ["bank", "orders", "rules"],
  ["bank", "none", "weather"],
] as const;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: service.address });
  await inventorySources(service, ["rules", "weather"]);
  for (const project of ["shop", "bank", "empty"]) {
    await service.run(ProjectStore.use((store) => store.insert(project, undefined)));
  }
  for (const [project, name, sourceId] of PROXIES) {
    const proxy = await service.run(
      ProxyStore.use((store) =>
        store.insert(project, {
          name,
          description: undefined,
          sourceId,
          access: "PUBLIC",
          creationType: "REVERSE_PROXY",
        }),
      ),
    );
    spaces.set(`${project}/${name}`, proxySpace(proxy.id));
  }
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const STORAGES = ["LOCAL", "DISTRIBUTED"] as const;
const shelfOf = (proxy: string, storage: Shelf["storage"]): Shelf => ({
  space: spaces.get(proxy) ?? "",
  scope: "p ",
  storage,
  capacity: 100,
});
const keyFor = (id: string) => `p GET /items/${id}`;
const using = <A, E>(use: (cache: ResponseCache["Service"]) => Effect.Effect<A, E>) =>
  other.run(Effect.flatMap(ResponseCache, use));

/** Of each proxy, items 1 and 2 about an account and a type, in the other process. */
beforeEach(async () => {
  for (const proxy of spaces.keys()) {
    for (const storage of STORAGES) {
      const shelf = shelfOf(proxy, storage);
      for (const id of ["1", "2"]) {
        const own = { space: shelf.space, key: keyFor(id) };
        const params = { id, instance_id: id, username: "Ada", db_type: `type-${id}` };
        await using((cache) =>
          Effect.gen(function* () {
            const exchange = cache.begin(shelf, own, cache.now());
            yield* exchange.keep(responseAt(own, { params, requestAt: Date.now() }));
            exchange.end();
            return yield* cache.find(shelf, own);
          }),
        );
      }
    }
  }
  expect(await kept()).toHaveLength(16);
});

/** What the other process still answers with. */
async function kept() {
  const found: string[] = [];
  for (const proxy of spaces.keys()) {
    for (const storage of STORAGES) {
      for (const id of ["1", "2"]) {
        const shelf = shelfOf(proxy, storage);
        const key = { space: shelf.space, key: keyFor(id) };
        const variants = await using((cache) => cache.find(shelf, key));
        if (variants.length > 0) found.push(`${proxy} ${storage} ${id}`);
      }
    }
  }
  return found;
}

const all = () =>
  [...spaces.keys()].flatMap((proxy) =>
    STORAGES.flatMap((storage) => ["1", "2"].map((id) => `${proxy} ${storage} ${id}`)),
  );

describe("POST /api/v1/cache/actions/purge of what the gateway keeps", () => {
  test.each<[object, RegExp]>([
    [{ all: true }, /./],
    [{ project: "shop" }, /^shop/],
    [{ project: "empty" }, /^$/],
    [{ project: "shop", apiProxy: "orders" }, /^shop.orders/],
    [{ apiProxy: "orders" }, /orders/],
    [{ params: { id: "2" } }, /2$/],
    [{ project: "shop", params: { id: "2" } }, /^shop.*2$/],
    [{ project: "shop", params: { id: "3" } }, /^$/],
    [{ source_id: "rules" }, /shop.users|bank.orders/],
    [{ source_id: "rules", project: "bank" }, /bank.orders/],
    [{ source_id: "rules", apiProxy: "orders", params: { id: "1" } }, /bank.orders.*1$/],
    [{ source_id: "rules", project: "bank", apiProxy: "none" }, /^$/],
    [{ source_id: "rules", key: "/rules/p" }, /^$/],
    [{ source_id: "rules", prefix: "" }, /^$/],
  ])("purges by %j exactly what it selects, in every process", async (body, gone) => {
    const since = performance.now();
    const response = await act(service, "purge", body);
    const unreached_processes = unreachedAfter(performance.now() - since);

    const stored = all().filter(
      (name) => gone.test(name) && name.includes("DISTRIBUTED"),
    );
    const { data } = await jsonOf(response);
    expect([response.status, data]).toEqual([
      200,
      { cleared_entries: stored.length, unreached_processes },
    ]);
    const others = all().filter((name) => !gone.test(name));
    if (data.unreached_processes > 0) {
      await eventually(kept, (found) => Bun.deepEquals(found, others));
    }
    expect(await kept()).toEqual(others);
  });

  test.each([
    { project: "Shop" },
    { project: "shop", apiProxy: "none" },
    { apiProxy: "Orders" },
  ])("answers 404 for %j, and purges nothing", async (body) => {
    const response = await act(service, "purge", body);

    expect(response.status).toBe(404);
    expect(await kept()).toEqual(all());
  });

  test("softly leaves what is stored for when the upstream fails", async () => {
    await act(service, "purge", { project: "shop", soft: true });

    const shelf = shelfOf("shop/orders", "DISTRIBUTED");
    const id = { space: shelf.space, key: keyFor("1") };
    const [found] = await using((cache) => cache.find(shelf, id));
    expect(found?.lifetime.freshUntil).toBeLessThanOrEqual(Date.now() + 1_000);
    expect(found?.lifetime.fallbackUntil).toBeGreaterThan(Date.now() + 1_000_000);
    expect(await kept()).not.toContain("shop/orders LOCAL 1");
  });
});

describe("the clear actions", () => {
  test("clear-classification without a type clears what the gateway keeps by a db_type", async () => {
    const response = await act(service, "clear-classification", {});

    expect((await jsonOf(response)).data.cleared_entries).toBe(8);
    expect(await kept()).toEqual([]);
  });

  test("clear-user clears what the gateway keeps about an account", async () => {
    const instance = await createInstance(service, "main");
    expect(instance).toBe(1);

    const response = await act(service, "clear-user", {
      instance_id: instance,
      username: "Ada",
    });

    expect((await jsonOf(response)).data.cleared_entries).toBe(4);
    expect(await kept()).toEqual(all().filter((name) => name.endsWith("2")));
  });
});
