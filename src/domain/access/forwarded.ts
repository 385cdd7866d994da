/**
 * Where a request came from, when proxies pass it on.
 *
 * Each proxy adds to `X-Forwarded-For`, at the end, the address that it was called from, and
 * what a client wrote stands before that. So the list is read from its end, for as long as
 * a trusted proxy wrote what is read: the client is the last address that is not a
 * trusted proxy's own.
 *
 * @module
 */
import {
  type Cidr,
  contains,
  type IpAddress,
  parseAddress,
} from "../source/ip-address.ts";

/** `fe80::/10` (RFC 4291 §2.5.6) */
const LINK_LOCAL: Cidr = { address: { family: 6, value: 0xfe80n << 112n }, prefix: 10 };

/** What is known of one request; headers as they came. */
export interface Passage {
  /** Who opened the connection; `undefined` where that can't be told. */
  readonly peer: IpAddress | undefined;
  readonly forwardedFor: string | undefined;
  readonly forwardedProto: string | undefined;
}

export interface Origin {
  readonly address: IpAddress | undefined;
  /** What a trusted proxy says of the client's connection, if one says anything. */
  readonly scheme: "http" | "https" | undefined;
}

/**
 * Where the request of `passage` came from, as far as the proxies in `trusted` tell.
 *
 * Where a trusted proxy wrote what is no address, that proxy is as far as can be seen.
 */
export function originThrough(passage: Passage, trusted: readonly Cidr[]): Origin {
  const { peer, forwardedFor, forwardedProto } = passage;
  if (!isAmong(trusted, peer)) return { address: peer, scheme: undefined };

  const listed = piecesOf(forwardedFor);
  let address = peer;
  let believed = 0;
  while (isAmong(trusted, address) && believed < listed.length) {
    const told = parseForwarded(listed[listed.length - 1 - believed] ?? "");
    if (told === undefined) break;
    address = told;
    believed += 1;
  }
  // The proxy that told the address told its scheme; one that sets a single value tells it for all.
  const schemes = piecesOf(forwardedProto);
  const scheme = schemes[Math.max(0, schemes.length - Math.max(1, believed))];
  return { address, scheme: schemeOf(scheme) };
}

/**
 * The address in one piece of `X-Forwarded-For`: some proxies add a port, or put IPv6 into
 * brackets, or leave on a link-local address the zone it was seen in. `undefined` for what
 * holds none, such as `unknown`.
 *
 * @example With a port and without
 * ```ts
 * import { parseForwarded } from "./forwarded.ts";
 *
 * parseForwarded("192.0.2.1:4711"); // => { family: 4, value: 3221225985n }
 * parseForwarded("[::ffff:192.0.2.1]:80"); // => { family: 4, value: 3221225985n }
 * parseForwarded("unknown"); // => undefined
 * ```
 */
export function parseForwarded(piece: string): IpAddress | undefined {
  const [, bracketed, , plain] =
    /^(?:\[([^\]]*)\](:\d{1,5})?|([^:]*):\d{1,5})$/.exec(piece) ?? [];
  return parseZoned(bracketed ?? plain ?? piece);
}

/**
 * An address, as whoever saw it spells it: a link-local one comes with its zone behind `%`,
 * or `%25` as in a URI. The zone means nothing to anybody else, and no range has one, so it
 * is left out. No other address has a zone.
 *
 * Source: RFC 4007 §11, RFC 6874 §2.
 */
export function parseZoned(text: string): IpAddress | undefined {
  const [, spelled, zone] = /^([^%]*)(%[\w.~%-]+)?$/.exec(text) ?? [];
  const address = spelled === undefined ? undefined : parseAddress(spelled);
  if (address === undefined || zone === undefined) return address;
  return contains(LINK_LOCAL, address) ? address : undefined;
}

/** Whether the address lies in one of `ranges`; one that isn't known does not. */
export function isAmong(
  ranges: readonly Cidr[],
  address: IpAddress | undefined,
): boolean {
  return address !== undefined && ranges.some((range) => contains(range, address));
}

function piecesOf(header: string | undefined): readonly string[] {
  return (header ?? "")
    .split(",")
    .map((piece) => piece.trim())
    .filter((piece) => piece !== "");
}

function schemeOf(text: string | undefined): Origin["scheme"] {
  const lower = text?.toLowerCase();
  return lower === "http" || lower === "https" ? lower : undefined;
}
