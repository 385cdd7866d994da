/**
 * IP addresses and address ranges as numbers.
 *
 * An IPv4-mapped address (`::ffff:a.b.c.d`) is the IPv4 address it holds, a range inside
 * `::ffff:0:0/96` the IPv4 range. Spellings that read differently in different programs
 * (leading zeros, fewer than four parts, a zone) are no addresses.
 *
 * Source: RFC 4291 §2.2 (spelling), §2.5.5.2 (mapped); RFC 4632 §3.1 (ranges).
 *
 * @module
 */

export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** The addresses that share the first `prefix` bits with `address`. */
export interface Cidr {
  readonly address: IpAddress;
  readonly prefix: number;
}

const MAPPED_PREFIX = 0xffffn;
const v4Pattern = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

export function parseAddress(text: string): IpAddress | undefined {
  if (!text.includes(":")) {
    const value = v4Value(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = v6Value(text);
  if (value === undefined) return undefined;
  return value >> 32n === MAPPED_PREFIX ? v4(value) : { family: 6, value };
}

/** `a.b.c.d/n` or `x::y/n`; without `/n` a single address. Bits behind the prefix don't count. */
export function parseCidr(text: string): Cidr | undefined {
  const [, spelled = "", , bits] = /^([^/]+)(\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(spelled);
  if (address === undefined) return undefined;

  const isMapped = address.family === 4 && spelled.includes(":");
  const spare = isMapped ? 96 : 0;
  const width = address.family === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits) - spare;
  return prefix < 0 || prefix > width ? undefined : { address, prefix };
}

export function contains({ address, prefix }: Cidr, other: IpAddress): boolean {
  if (address.family !== other.family) return false;
  const rest = BigInt((address.family === 4 ? 32 : 128) - prefix);
  return address.value >> rest === other.value >> rest;
}

/**
 * The one spelling of `address`.
 *
 * Source: RFC 5952 §4 (lower case, no leading zeros, `::` for the longest run of zeros).
 *
 * @example Either family
 * ```ts
 * import { formatAddress } from "./ip-address.ts";
 *
 * formatAddress({ family: 4, value: 0xc0000201n }); // => "192.0.2.1"
 * formatAddress({ family: 6, value: 0x20010db8n << 96n }); // => "2001:db8::"
 * ```
 */
export function formatAddress({ family, value }: IpAddress): string {
  if (family === 4) return partsOf(value, 4, 8).join(".");
  const groups = partsOf(value, 8, 16).map((group) => group.toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(":");
  const [head, tail] = [groups.slice(0, start), groups.slice(start + length)];
  return `${head.join(":")}::${tail.join(":")}`;
}

/** The last `count` parts of `bits` each, the highest first. */
function partsOf(value: bigint, count: number, bits: number): readonly bigint[] {
  return Array.from({ length: count }, (_, index) =>
    BigInt.asUintN(bits, value >> BigInt(bits * (count - 1 - index))),
  );
}

/** The first of the longest runs of zeros. */
function longestZeros(groups: readonly string[]) {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === "0") end++;
    if (end - start > longest.length) longest = { start, length: end - start };
  }
  return longest;
}

/** The IPv4 address in the last 32 bits of `value`. */
export function v4(value: bigint): IpAddress {
  return { family: 4, value: BigInt.asUintN(32, value) };
}

function v4Value(text: string): bigint | undefined {
  if (!v4Pattern.test(text)) return undefined;
  return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function v6Value(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;

  const [head, tail] = [halves[0], halves[1]].map((half) => groupsOf(half ?? ""));
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;

  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The 16-bit groups of one side of `::`, whose last 32 bits may be spelled as IPv4. */
function groupsOf(half: string): readonly bigint[] | undefined {
  if (half === "") return [];
  const groups: bigint[] = [];
  const parts = half.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(BigInt(`0x${part}`));
      continue;
    }
    const embedded = index === parts.length - 1 ? v4Value(part) : undefined;
    if (embedded === undefined) return undefined;
    groups.push(embedded >> 16n, embedded & 0xffffn);
  }
  return groups;
}
