/**
 * Whom the service answers, as its operator says.
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Cidr } from "../domain/source/ip-address.ts";

/** Each list is empty where the operator says nothing. */
export interface NetworkPolicy {
  /** Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies: readonly Cidr[];
  /** The only addresses that are answered; empty: all are. */
  readonly allowedAddresses: readonly Cidr[];
  /** Of those, the only ones for what admins may do and for the admin face; empty: all of them. */
  readonly allowedAdminAddresses: readonly Cidr[];
  /** The origins whose pages may call the API, as browsers spell them. */
  readonly corsOrigins: readonly string[];
}

export const OPEN_NETWORK: NetworkPolicy = {
  trustedProxies: [],
  allowedAddresses: [],
  allowedAdminAddresses: [],
  corsOrigins: [],
};

/** Puts `policy` in force for everything behind it. */
export const underPolicy = (policy: NetworkPolicy) =>
  createMiddleware((c, next) => {
    c.set("networkPolicy", policy);
    return next();
  });

export function policyOf(c: Context): NetworkPolicy {
  const policy: NetworkPolicy | undefined = c.get("networkPolicy");
  return policy ?? OPEN_NETWORK;
}

/** Whether pages of `origin` may call the API though they are not ours. */
export function isListedOrigin(c: Context, origin: string): boolean {
  return policyOf(c).corsOrigins.includes(origin);
}
