import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { originThrough, parseForwarded } from "../../../src/domain/access/forwarded.ts";
import { parseCidrs } from "../../../src/domain/source/address-rules.ts";
import {
  contains,
  formatAddress,
  type IpAddress,
  parseAddress,
} from "../../../src/domain/source/ip-address.ts";

const rangesOf = (text: string) => {
  const parsed = parseCidrs(text);
  return parsed._tag === "Parsed" ? parsed.cidrs : [];
};
const proxies = rangesOf("10.0.0.0/8, fd00::/8");

const asked = (peer: string, forwardedFor?: string, forwardedProto?: string) => ({
  peer: parseAddress(peer),
  forwardedFor,
  forwardedProto,
});
const addressOf = (peer: string, forwardedFor?: string) => {
  const { address } = originThrough(asked(peer, forwardedFor), proxies);
  return address === undefined ? undefined : formatAddress(address);
};
const schemeOf = (peer: string, forwardedFor?: string, forwardedProto?: string) =>
  originThrough(asked(peer, forwardedFor, forwardedProto), proxies).scheme;

describe("originThrough()", () => {
  test.each([
    ["a direct call", "192.0.2.1", undefined, "192.0.2.1"],
    ["a stranger who claims another address", "192.0.2.1", "198.51.100.7", "192.0.2.1"],
    ["one proxy", "10.0.0.1", "198.51.100.7", "198.51.100.7"],
    [
      "a claim in front of what the proxy wrote",
      "10.0.0.1",
      "1.1.1.1, 198.51.100.7",
      "198.51.100.7",
    ],
    ["two proxies", "10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"],
    ["a proxy that is a client itself", "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    ["a proxy that says nothing", "10.0.0.1", undefined, "10.0.0.1"],
    ["a proxy that says nothing much", "10.0.0.1", " , ,", "10.0.0.1"],
    ["a proxy that doesn't know", "10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"],
    ["a hidden one behind two", "10.0.0.1", "1.1.1.1, _hidden, 10.0.0.2", "10.0.0.2"],
    ["a mapped peer", "::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"],
    ["a mapped proxy", "10.0.0.1", "198.51.100.7, ::ffff:10.0.0.2", "198.51.100.7"],
    ["IPv6 all the way", "fd00::1", "2001:DB8::7, fd00::2", "2001:db8::7"],
    ["ports and brackets", "fd00::1", "[2001:db8::7]:4711, 10.0.0.2:80", "2001:db8::7"],
    ["a link-local client", "10.0.0.1", "fe80::7%eth0", "fe80::7"],
    [
      "a global address with a zone, which is none",
      "10.0.0.1",
      "2001:db8::7%eth0",
      "10.0.0.1",
    ],
    ["who can't be told", "", "198.51.100.7", undefined],
  ])("sees through %s", (_, peer, forwardedFor, expected) => {
    expect(addressOf(peer, forwardedFor)).toBe(expected);
  });

  test.each([
    ["a stranger's claim", "192.0.2.1", undefined, "https", undefined],
    ["one proxy", "10.0.0.1", "198.51.100.7", "https", "https"],
    ["one proxy, in capitals", "10.0.0.1", "198.51.100.7", "HTTPS", "https"],
    ["a claim in front of it", "10.0.0.1", "198.51.100.7", "https, http", "http"],
    ["each of two proxies", "10.0.0.1", "198.51.100.7, 10.0.0.2", "https, http", "https"],
    [
      "a claim before two proxies",
      "10.0.0.1",
      "198.51.100.7, 10.0.0.2",
      "https, http, https",
      "http",
    ],
    ["the outer one of two", "10.0.0.1", "198.51.100.7, 10.0.0.2", "https", "https"],
    ["a proxy that names no client", "10.0.0.1", undefined, "https, http", "http"],
    ["another word", "10.0.0.1", "198.51.100.7", "wss", undefined],
    ["nothing", "10.0.0.1", "198.51.100.7", undefined, undefined],
  ])("takes the scheme from %s", (_, peer, forwardedFor, proto, expected) => {
    expect(schemeOf(peer, forwardedFor, proto)).toBe(expected as "https" | undefined);
  });

  test("gives a stranger no say, whatever the headers are", () => {
    fc.assert(
      fc.property(strangers, fc.string(), fc.string(), (peer, forwardedFor, proto) => {
        const passage = { peer, forwardedFor, forwardedProto: proto };

        expect(originThrough(passage, proxies)).toEqual({
          address: peer,
          scheme: undefined,
        });
      }),
    );
  });

  test("finds the client behind any chain of proxies, whatever the client claimed", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), addresses.map(formatAddress))),
        strangers,
        fc.array(proxyAddresses, { maxLength: 4 }),
        proxyAddresses,
        (claims, client, chain, peer) => {
          const list = [...claims, ...[client, ...chain].map((hop) => spelled(hop))];
          const passage = {
            peer,
            forwardedFor: list.join(","),
            forwardedProto: undefined,
          };

          expect(originThrough(passage, proxies).address).toEqual(client);
        },
      ),
    );
  });

  test("never leaves what a trusted proxy wrote", () => {
    fc.assert(
      fc.property(proxyAddresses, fc.array(fc.string()), (peer, pieces) => {
        const passage = {
          peer,
          forwardedFor: pieces.join(","),
          forwardedProto: undefined,
        };
        const { address } = originThrough(passage, proxies);

        const told = pieces
          .flatMap((piece) => piece.split(","))
          .map((piece) => piece.trim());
        expect([peer, ...told.map(parseForwarded)]).toContainEqual(address);
      }),
    );
  });
});

describe("parseForwarded()", () => {
  test.each([
    "",
    " ",
    "unknown",
    "_hidden",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "1.2.3.4:",
    "1.2.3.4:port",
    "1.2.3.4:123456",
    "[1::2",
    "1::2]",
    "[1::2]:",
    "[1::2]x",
    "[]",
    "fe80::1%",
    "fe80::1%eth 0",
    "%eth0",
    "fe80::1%[x]",
    "2001:db8::1%eth0",
    "::1%lo",
    "fec0::1%eth0",
    "192.0.2.1%eth0",
    "::ffff:192.0.2.1%eth0",
    "1::2::3",
    "for=1.2.3.4",
    '"1.2.3.4"',
    "1.2.3.4 5.6.7.8",
    "example.org",
    "example.org:80",
  ])("finds no address in %p", (piece) => {
    expect(parseForwarded(piece)).toBeUndefined();
  });

  test.each([
    ["fe80::1%eth0", "fe80::1"],
    ["FE80::1%12", "fe80::1"],
    ["[fe80::1%eth0]", "fe80::1"],
    ["[fe80::1%25eth0]:4711", "fe80::1"],
    ["febf::1%en-0.1_a~b", "febf::1"],
    ["fe80::1", "fe80::1"],
  ])("leaves the zone of %p out", (piece, expected) => {
    const address = parseForwarded(piece);

    expect(address && formatAddress(address)).toBe(expected);
  });

  test("reads any address, with a port, in brackets, mapped", () => {
    fc.assert(
      fc.property(addresses, fc.integer({ min: 0, max: 65_535 }), (address, port) => {
        const text = formatAddress(address);
        const bracketed = address.family === 6 ? `[${text}]` : `[::ffff:${text}]`;
        const spellings = [
          text,
          bracketed,
          `${bracketed}:${port}`,
          ...(address.family === 4 ? [`${text}:${port}`, `::ffff:${text}`] : []),
        ];

        expect(spellings.map(parseForwarded)).toEqual(spellings.map(() => address));
      }),
    );
  });
});

const v4 = fc.bigInt({ min: 0n, max: 0xffff_ffffn });
const v6 = fc.bigInt({ min: 1n << 64n, max: (1n << 128n) - 1n });
const addresses: fc.Arbitrary<IpAddress> = fc.oneof(
  v4.map((value) => ({ family: 4 as const, value })),
  v6.map((value) => ({ family: 6 as const, value })),
);
const isProxy = (address: IpAddress) => proxies.some((range) => contains(range, address));
const strangers = addresses.filter((address) => !isProxy(address));
const proxyAddresses: fc.Arbitrary<IpAddress> = fc
  .bigInt({ min: 0n, max: 0xff_ffffn })
  .map((low) => ({ family: 4, value: (10n << 24n) | low }));

/** As one proxy or another writes it. */
function spelled(address: IpAddress): string {
  const text = formatAddress(address);
  if (address.value % 2n === 0n) return ` ${text} `;
  return address.family === 4 ? `${text}:443` : `[${text}]:443`;
}
