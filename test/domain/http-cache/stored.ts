import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import type { StoredResponse } from "../../../src/domain/gateway/stored-response.ts";
import { lifetimeOf } from "../../../src/domain/http-cache/freshness.ts";
import { storedHeaders } from "../../../src/domain/http-cache/stored-headers.ts";
import { selectingOf, variantName } from "../../../src/domain/http-cache/vary.ts";

/** Noon of a day; every response below came at it unless it says otherwise. */
export const NOON = Date.UTC(2026, 10, 20, 12);
export const SECOND = 1_000;
export const DAY = 86_400 * SECOND;

export interface Came {
  readonly status?: number;
  readonly body?: string;
  readonly asked?: HeaderList;
  readonly at?: number;
  readonly staleIfErrorMillis?: number;
}

/** What is stored after a response with `headers` came. */
export function stored(headers: HeaderList, came: Came = {}): StoredResponse {
  const { status = 200, body = "0123456789", asked = [], at = NOON } = came;
  const { staleIfErrorMillis = 0 } = came;
  const selecting = selectingOf(asked, headers) ?? {};
  const times = { requestAt: at, responseAt: at, staleIfErrorMillis };
  return {
    space: "g1",
    key: "p GET /",
    variant: variantName(selecting),
    selecting,
    status,
    headers: storedHeaders(headers, at),
    body: new TextEncoder().encode(body),
    params: {},
    lifetime: lifetimeOf({ status, headers }, times),
    policy: "rfc9111",
    withCredentials: false,
    requestAt: at,
    responseAt: at,
  };
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
