/**
 * Where a request came from, and over what.
 *
 * The address is the connection's, and what `X-Forwarded-For` says beyond it as far as
 * trusted proxies wrote that. A request that came over no connection, as those that a
 * program puts to the app in its own process, came from this machine.
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { type Origin, originThrough, parseZoned } from "../domain/access/forwarded.ts";
import { formatAddress, type IpAddress } from "../domain/source/ip-address.ts";
import { policyOf } from "./network-policy.ts";

export interface PeerEnv {
  /** What a server hands over with each request. */
  readonly Bindings: {
    /**
     * The address of who opened the connection; `""` where the server can't tell it, as when
     * the client has gone.
     */
    readonly peer?: () => string;
  };
  readonly Variables: { readonly peer?: string };
}

const THIS_MACHINE = "127.0.0.1";

/**
 * Looks at once who calls to change something, whom the audit trail may have to name after
 * the connection has gone. For reads, asking the server costs more than it is worth.
 */
export const notePeer = createMiddleware<PeerEnv>((c, next) => {
  const isRead = c.req.method === "GET" || c.req.method === "HEAD";
  if (!isRead) c.set("peer", peerOf(c));
  return next();
});

/** The client's address in its one spelling; `undefined` where it can't be told. */
export function clientAddress(c: Context): string | undefined {
  const address = clientIp(c);
  return address === undefined ? undefined : formatAddress(address);
}

export function clientIp(c: Context): IpAddress | undefined {
  return originOf(c).address;
}

/** Whether the client's connection is encrypted, as far as we and trusted proxies can tell. */
export function isHttps(c: Context): boolean {
  const own = c.req.url.startsWith("https:");
  if (policyOf(c).trustedProxies.length === 0) return own;
  const { scheme } = originOf(c);
  return scheme === undefined ? own : scheme === "https";
}

function originOf(c: Context<PeerEnv>): Origin {
  return originThrough(
    {
      peer: parseZoned(peerOf(c)),
      forwardedFor: c.req.header("x-forwarded-for"),
      forwardedProto: c.req.header("x-forwarded-proto"),
    },
    policyOf(c).trustedProxies,
  );
}

function peerOf(c: Context<PeerEnv>): string {
  return c.get("peer") ?? c.env?.peer?.() ?? THIS_MACHINE;
}
