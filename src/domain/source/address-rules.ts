/**
 * Which addresses an upstream may live at.
 *
 * Only addresses that the whole internet can reach are admitted, so that a source can't
 * be used to reach what only this machine sees (loopback, private networks, the metadata
 * service of a cloud). The operator opens ranges by an allow list. A form of IPv6 that
 * holds an IPv4 address stands for that address.
 *
 * Source: the IANA special-purpose address registries (RFC 6890, RFC 8190); RFC 6052
 * (NAT64), RFC 3056 (6to4), RFC 4380 §4 (Teredo); contract §1.
 *
 * @module
 */
import {
  type Cidr,
  contains,
  type IpAddress,
  parseAddress,
  parseCidr,
  v4,
} from "./ip-address.ts";

export type { Cidr };

export type ParsedCidrs =
  | { readonly _tag: "Parsed"; readonly cidrs: readonly Cidr[] }
  | { readonly _tag: "Refused"; readonly piece: string };

/**
 * Reads ranges separated by commas or spaces, or names the first piece that is none.
 *
 * @example The piece that is wrong is named
 * ```ts
 * import { parseCidrs } from "./address-rules.ts";
 *
 * parseCidrs("10.0.0.0/8, 10.0.0.0/33"); // => { _tag: "Refused", piece: "10.0.0.0/33" }
 * parseCidrs(" "); // => { _tag: "Parsed", cidrs: [] }
 * ```
 */
export function parseCidrs(text: string): ParsedCidrs {
  const cidrs: Cidr[] = [];
  for (const piece of text.split(/[\s,]+/)) {
    if (piece === "") continue;
    const cidr = parseCidr(piece);
    if (cidr === undefined) return { _tag: "Refused", piece };
    cidrs.push(cidr);
  }
  return { _tag: "Parsed", cidrs };
}

/**
 * Whether an upstream may be called at `text`; what is no address is refused.
 *
 * @example A mapped address is its IPv4 address
 * ```ts
 * import { isAdmitted } from "./address-rules.ts";
 *
 * isAdmitted("93.184.215.14", []); // => true
 * isAdmitted("::ffff:127.0.0.1", []); // => false
 * ```
 */
export function isAdmitted(text: string, allowed: readonly Cidr[]): boolean {
  const address = parseAddress(text);
  return address !== undefined && admits(address, allowed);
}

function admits(address: IpAddress, allowed: readonly Cidr[]): boolean {
  if (within(allowed, address)) return true;
  if (address.family === 4) return !within(specialV4, address);

  const embedded = embeddedV4(address);
  if (embedded !== undefined) return embedded.every((inner) => admits(inner, allowed));
  return contains(globalUnicast, address) && !within(specialV6, address);
}

/** The IPv4 addresses a packet to `address` may end at, if it is a form that holds any. */
function embeddedV4(address: IpAddress): readonly IpAddress[] | undefined {
  const { value } = address;
  if (contains(nat64, address)) return [v4(value)];
  if (contains(sixToFour, address)) return [v4(value >> 80n)];
  if (contains(teredo, address)) return [v4(value >> 64n), v4(~value)];
  return undefined;
}

const within = (cidrs: readonly Cidr[], address: IpAddress) =>
  cidrs.some((cidr) => contains(cidr, address));

function range(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new Error(`Cannot read range "${text}"`);
  return cidr;
}

/** What is not here is not assigned, or is only for a link, a site or this machine. */
const globalUnicast = range("2000::/3");
const nat64 = range("64:ff9b::/96");
const sixToFour = range("2002::/16");
const teredo = range("2001::/32");

const specialV4 = [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // shared by carriers (CGNAT)
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local, with the metadata service of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays, withdrawn
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, with the broadcast address
  "168.63.129.16/32", // the platform service of Azure, a public number seen only inside
].map(range);

/** Inside `globalUnicast`, and still not for everyone. */
const specialV6 = [
  "2001::/23", // protocol assignments, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "3fff::/20", // documentation
].map(range);
