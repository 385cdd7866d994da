/**
 * The service with one project, `shop`, whose API proxies lead to a counting upstream.
 *
 * @module
 */
import { Effect } from "effect";
import type { ApiProxy } from "../../../src/domain/api-proxy/api-proxy.ts";
import type { CacheSettings } from "../../../src/domain/api-proxy/cache-settings.ts";
import type { EndpointDraft } from "../../../src/domain/api-proxy/endpoint-draft.ts";
import { changeCacheSettings } from "../../../src/services/api-proxy/change-cache-settings.ts";
import { createProject } from "../../../src/services/api-proxy/create-project.ts";
import { createProxy } from "../../../src/services/api-proxy/create-proxy.ts";
import { asSystem } from "../../../src/services/audit/actor.ts";
import { ResponseCache } from "../../../src/services/gateway/response-cache.ts";
import {
  type Answer,
  type CountingUpstream,
  countingUpstream,
} from "../../support/counting-upstream.ts";
import {
  type ServiceOptions,
  type TestService,
  testService,
} from "../../support/service.ts";

export interface ProxyOptions {
  readonly source?: Readonly<Record<string, unknown>>;
  readonly proxy?: Partial<Pick<ApiProxy, "access" | "creationType">>;
  readonly settings?: Partial<CacheSettings>;
  /** What its upstream answers; may be changed in `answers`. */
  readonly answer?: Answer;
  readonly endpoints?: readonly (Partial<EndpointDraft> & {
    readonly settings?: Partial<CacheSettings>;
  })[];
}

export interface DataPlane extends AsyncDisposable {
  readonly service: TestService;
  readonly upstream: CountingUpstream;
  /** By the name of the proxy; without one the path and the number of the call. */
  readonly answers: Map<string, Answer>;
  /** Makes what is stored older by `millis`; what is held in memory alone is forgotten. */
  age(millis: number): Promise<void>;
  /** Makes a proxy of this name, and a source of the same name behind it. */
  proxy(name: string, options?: ProxyOptions): Promise<void>;
  /** Changes how long the source of this name waits for its upstream. */
  wait(name: string, millis: number): Promise<void>;
  /** A request of nobody to `/gw/shop/…`. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  send(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** The calls whose target begins so. */
  callsOf(prefix: string): readonly CountingUpstream["calls"][number][];
}

export const cached = {
  name: "settings",
  description: undefined,
  cacheActive: true,
  cacheOnlyHttpGetRequests: true,
  cacheKeyType: "QUERY_PARAMS",
  cacheStorageType: "DISTRIBUTED",
  capacity: 10_000,
  ttl: 60,
  handlingAction: "STOP",
  invalidationRequiresAuthn: false,
  cacheNullValue: false,
  variableList: [],
} as const satisfies CacheSettings;

export async function dataPlane(options: ServiceOptions = {}): Promise<DataPlane> {
  const service = await testService(options);
  const upstream = await countingUpstream();
  const answers = new Map<string, Answer>();
  upstream.answer((request, response) => {
    const name = request.url?.split(/[/?]/)[1] ?? "";
    const answer = answers.get(name);
    if (answer !== undefined) return answer(request, response);
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ path: request.url, call: upstream.calls.length }));
  });
  await service.run(asSystem(createProject("shop", undefined)));
  const send = (method: string, path: string, init: RequestInit = {}) =>
    service.request(`/gw/shop/${path}`, {
      ...init,
      method,
      headers: { "x-as": "nobody", ...init.headers },
    });
  return {
    service,
    upstream,
    answers,
    send,
    age: async (millis) => {
      await service.age(millis);
      await service.run(Effect.map(ResponseCache, (cache) => cache.clear()));
    },
    wait: async (name, millis) => {
      const path = `/api/v1/sources/${name}`;
      const changed = await service.send("PATCH", path, { timeout_ms: millis });
      if (changed.status !== 200) throw new Error(await changed.text());
    },
    get: (path, headers = {}) => send("GET", path, { headers }),
    callsOf: (prefix) => upstream.calls.filter(({ target }) => target.startsWith(prefix)),
    proxy: async (name, options = {}) => {
      const { source = {}, proxy = {}, settings, answer, endpoints = [] } = options;
      if (answer !== undefined) answers.set(name, answer);
      const created = await service.send("POST", "/api/v1/sources", {
        id: name,
        base_url: `${upstream.url}/${name}`,
        key_template: "/{{path*}}",
        rate_limit: { per_minute: 100_000 },
        timeout_ms: 60_000,
        ...source,
      });
      if (created.status !== 201) throw new Error(await created.text());
      const draft = {
        name,
        description: undefined,
        sourceId: name,
        access: "PUBLIC",
        creationType: "REVERSE_PROXY",
        ...proxy,
      } as const;
      const drafts = endpoints.map(({ settings: _settings, ...endpoint }) => ({
        name: "/",
        httpMethod: "GET" as const,
        backendResourceUrl: endpoint.name ?? "/",
        backendHttpMethod: endpoint.httpMethod ?? ("GET" as const),
        active: true,
        ...endpoint,
      }));
      await service.run(asSystem(createProxy("shop", draft, drafts)));
      const of = { projectName: "shop", apiProxyName: name };
      const set = (
        endpoint: { name: string; httpMethod: EndpointDraft["httpMethod"] } | undefined,
        partial: Partial<CacheSettings>,
      ) =>
        service.run(
          asSystem(changeCacheSettings(of, endpoint, { ...cached, ...partial })),
        );
      if (settings !== undefined) await set(undefined, settings);
      for (const { name = "/", httpMethod = "GET", settings: own } of endpoints) {
        if (own !== undefined) await set({ name, httpMethod }, own);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}
