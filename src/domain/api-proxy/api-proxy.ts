/**
 * Projects, their API proxies, and the endpoints of those.
 *
 * @module
 */
import type { CacheSettings } from "./cache-settings.ts";

export const ENDPOINT_METHODS = [
  "GET",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "ALL",
] as const;
export type EndpointMethod = (typeof ENDPOINT_METHODS)[number];

export interface Project {
  readonly name: string;
  readonly description: string | undefined;
  /** Unix milliseconds, as all instants. */
  readonly createdAt: number;
}

export interface ApiProxy {
  /** Never given to another; names the space of its entries. */
  readonly id: number;
  readonly projectName: string;
  readonly name: string;
  readonly description: string | undefined;
  /** Its upstream: base URL, secrets, timeouts and quota. */
  readonly sourceId: string;
  /** `TOKEN`: the data plane asks for credentials with `view`. */
  readonly access: "PUBLIC" | "TOKEN";
  /** `REVERSE_PROXY`: any path passes; `OPEN_API`: only what an endpoint matches. */
  readonly creationType: "REVERSE_PROXY" | "OPEN_API";
  readonly settings: CacheSettings | undefined;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Endpoint {
  readonly id: number;
  readonly proxyId: number;
  /** A path with `{param}` segments. */
  readonly name: string;
  readonly httpMethod: EndpointMethod;
  /** The same for the upstream, below the source's base. */
  readonly backendResourceUrl: string;
  readonly backendHttpMethod: EndpointMethod;
  readonly active: boolean;
  readonly settings: CacheSettings | undefined;
}

/** The space of a proxy's entries. */
export function proxySpace(proxyId: number): string {
  return `g${proxyId}`;
}

/**
 * Whose capacity an entry counts against, and the beginning of its key: `p ` for the
 * proxy's settings, `e7 ` for those of endpoint 7.
 */
export function settingsScope(endpointId: number | undefined): string {
  return endpointId === undefined ? "p " : `e${endpointId} `;
}
