/**
 * A real process of the service whose gateway is an HTTP cache in front of an origin,
 * made ready through its own API.
 *
 * @module
 */
import { clientOf } from "../end-to-end/client.ts";
import { type Environment, type RunningApi, startApi } from "../end-to-end/processes.ts";

export const storageTypes = ["DISTRIBUTED", "LOCAL"] as const;
export type StorageType = (typeof storageTypes)[number];

export interface CachingGateway extends AsyncDisposable {
  readonly api: RunningApi;
  /** Where the cache of this kind is reached. */
  readonly base: Readonly<Record<StorageType, string>>;
}

const PROJECT = "suite";

/**
 * The settings leave out `ttl`: what is cached, and how long, is for HTTP to say (RFC 9111). The
 * source allows more calls than the suite makes. Paths are the same on both sides.
 */
export async function startCachingGateway(
  environment: Environment,
  origin: { readonly url: string },
): Promise<CachingGateway> {
  const api = await startApi(environment);
  const { createSource, send } = clientOf(api);
  const made = async (method: string, path: string, body: object) => {
    const answer = await send(method, `/apiops/projects/${path}`, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  };
  try {
    await made("POST", "", { name: PROJECT });
    for (const storage of storageTypes) {
      const sourceId = storage.toLowerCase();
      await createSource(sourceId, `${origin.url}/gw/${PROJECT}/${storage}`, {
        rate_limit: { per_minute: 1_000_000 },
      });
      await made("POST", `${PROJECT}/apiProxies/`, {
        apiProxyName: storage,
        sourceId,
        access: "PUBLIC",
        apiProxyCreationType: "REVERSE_PROXY",
      });
      await made("PATCH", `${PROJECT}/apiProxies/${storage}/settings/cache/`, {
        name: "As HTTP says",
        cacheActive: true,
        cacheOnlyHttpGetRequests: false,
        cacheStorageType: storage,
        cacheNullValue: true,
        handlingAction: "STOP",
      });
    }
  } catch (error) {
    await api[Symbol.asyncDispose]();
    throw error;
  }
  return {
    api,
    base: {
      DISTRIBUTED: `${api.url}/gw/${PROJECT}/DISTRIBUTED`,
      LOCAL: `${api.url}/gw/${PROJECT}/LOCAL`,
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
