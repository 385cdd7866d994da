/**
 * What is counted of the data plane's requests.
 *
 * @module
 */
import type { ApiProxy, Endpoint } from "../../domain/api-proxy/api-proxy.ts";

/**
 * How a request was answered: the word of `X-UC-Cache`; or `refused`, where we had to answer
 * in the place of the upstream.
 */
export const REQUEST_RESULTS = ["hit", "miss", "stale", "bypass", "refused"] as const;

export type RequestResult = (typeof REQUEST_RESULTS)[number];

export type RequestCounts = Readonly<Record<RequestResult, number>>;

/** What a request was for. */
export interface RequestTarget {
  readonly proxyId: number;
  /** `undefined` where it passes with no endpoint. */
  readonly endpointId: number | undefined;
}

export interface EndpointRequests extends Pick<Endpoint, "name" | "httpMethod"> {
  readonly counts: RequestCounts;
}

export interface ProxyRequests extends Pick<ApiProxy, "projectName" | "name"> {
  /** Of all its requests, those for no endpoint and for deleted ones included. */
  readonly counts: RequestCounts;
  /** The busiest that were asked for at all, busiest first. */
  readonly endpoints: readonly EndpointRequests[];
}
