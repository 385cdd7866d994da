/**
 * The addresses of a host that may be called.
 *
 * They are looked up once and the connection goes to one of them, so that a name which
 * answers differently the next time can't lead past the rules.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { isAdmitted } from "../../domain/source/address-rules.ts";
import type { Cidr } from "../../domain/source/ip-address.ts";
import { UpstreamUnreachable } from "../../services/refresh/upstream-errors.ts";

/** At least one address; rejects with `UpstreamUnreachable` where none is found or admitted. */
export async function admittedAddresses(
  host: string,
  allowed: readonly Cidr[],
): Promise<readonly string[]> {
  const found = isIP(host) === 0 ? await addressesOf(host) : [host];
  const admitted = found.filter((address) => isAdmitted(address, allowed));
  if (admitted.length > 0) return admitted;
  throw new UpstreamUnreachable({
    reason: "address-refused",
    detail: `"${host}" has no address that may be called`,
  });
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true }).catch(() => []);
  if (found.length > 0) return found.map(({ address }) => address);
  throw new UpstreamUnreachable({ reason: "dns", detail: `No address of "${host}"` });
}
