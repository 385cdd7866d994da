/**
 * Whom an address stands for, where clients are to be kept apart.
 *
 * Who is given IPv6 is given a whole /64 at least, and calls from another address of it
 * each time if that is of use. An IPv4-mapped address is the IPv4 address already.
 *
 * Source: RFC 6177 §2 (what end sites are given), RFC 8981 (temporary addresses).
 *
 * @module
 */
import { formatAddress, type IpAddress } from "../source/ip-address.ts";

/** What one link has, and the most that one site is commonly given. */
const NETWORK_BITS = 64n;
const SITE_BITS = 48n;

/**
 * @example A neighbour within the /64 is the same client
 * ```ts
 * import { networkOf } from "./network.ts";
 *
 * networkOf({ family: 4, value: 0xc0000201n }); // => "192.0.2.1"
 * networkOf({ family: 6, value: (0x20010db8n << 96n) + 7n }); // => "2001:db8::/64"
 * ```
 */
export function networkOf(address: IpAddress): string {
  return startOf(address, NETWORK_BITS);
}

/** Coarser, for limits that last a moment: one site may have 65,536 networks of its own. */
export function siteOf(address: IpAddress): string {
  return startOf(address, SITE_BITS);
}

/** An IPv4 address itself. */
function startOf({ family, value }: IpAddress, bits: bigint): string {
  if (family === 4) return formatAddress({ family, value });
  const rest = 128n - bits;
  const first = (value >> rest) << rest;
  return `${formatAddress({ family, value: first })}/${bits}`;
}
