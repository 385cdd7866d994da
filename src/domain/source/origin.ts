/**
 * Where an upstream listens: scheme, host and port.
 *
 * @module
 */

export interface UpstreamOrigin {
  readonly scheme: "http" | "https";
  /** A name or an address; an IPv6 address stands without its brackets. */
  readonly host: string;
  readonly port: number;
}

const defaultPorts = { http: 80, https: 443 } as const;

/**
 * The origin of an http(s) URL, `undefined` for another scheme or what is no URL.
 *
 * @example The default port is filled in and brackets are taken off
 * ```ts
 * import { originOf } from "./origin.ts";
 *
 * originOf("https://[2001:db8::1]/a"); // => { scheme: "https", host: "2001:db8::1", port: 443 }
 * originOf("ftp://a.test/"); // => undefined
 * ```
 */
export function originOf(text: string): UpstreamOrigin | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== "http" && scheme !== "https") return undefined;
  return {
    scheme,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? defaultPorts[scheme] : Number(url.port),
  };
}

/** The value of `Host` for requests to `origin`. */
export function hostHeaderOf({ scheme, host, port }: UpstreamOrigin): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === defaultPorts[scheme] ? name : `${name}:${port}`;
}

/** One spelling per origin, as RFC 6454 §6.2 writes it but always with the port. */
export function originKey({ scheme, host, port }: UpstreamOrigin): string {
  return `${scheme}://${host.toLowerCase()}:${port}`;
}
