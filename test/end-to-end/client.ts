/**
 * What the tests ask of a running API, as its admin.
 *
 * @module
 */
import { movingClock } from "../support/moving-clock.ts";

export const adminToken = "end-to-end-admin-token-0123456789";
export const secretKey = "07".repeat(32);

/** One read as a client sees it. `cache` is `X-UC-Cache`, `undefined` where there is none. */
export interface ReadAnswer {
  readonly status: number;
  readonly cache: string | undefined;
  readonly etag: string | undefined;
  readonly body: any;
}

export type Client = ReturnType<typeof clientOf>;

export function clientOf({ url }: { readonly url: string }, token = adminToken) {
  const authorized = { authorization: `Bearer ${token}` };
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${url}${path}`, { headers: { ...authorized, ...headers } });
  /** `undefined` for no body. */
  const send = (
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
  ) =>
    fetch(`${url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        ...authorized,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
    });
  return {
    get,
    send,
    /** The status of `path`. */
    status: async (path: string): Promise<number> => {
      const answer = await get(path);
      await answer.arrayBuffer();
      return answer.status;
    },
    /** Makes a source `id` for any path of `base_url`, its entries fresh for a day. */
    createSource: async (id: string, base_url: string, settings: object = {}) => {
      const answer = await send("POST", "/api/v1/sources", {
        id,
        base_url,
        key_template: "/{{path*}}",
        cache_ttl_s: 86_400,
        rate_limit: { per_minute: 1_000 },
        ...settings,
      });
      if (answer.status !== 201) throw new Error(`No source: ${await answer.text()}`);
      await answer.arrayBuffer();
    },
    read: async (
      source: string,
      key: string,
      headers: Record<string, string> = {},
    ): Promise<ReadAnswer> => {
      const path = `/api/v1/cache/${source}/${encodeURIComponent(key)}`;
      const answer = await get(path, headers);
      return {
        status: answer.status,
        cache: answer.headers.get("x-uc-cache") ?? undefined,
        etag: answer.headers.get("etag") ?? undefined,
        body: await answer.json(),
      };
    },
  };
}

/** Asks again until `done`; gives up after `millis` in which this machine did not stop. */
export async function until<A>(
  ask: () => Promise<A> | A,
  done: (answer: A) => boolean,
  millis = 30_000,
): Promise<A> {
  using clock = movingClock();
  for (;;) {
    const answer = await ask();
    if (done(answer)) return answer;
    if (clock.now() > millis) {
      throw new Error(`Still not so after ${millis} ms: ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
