import { describe, expect, test } from "bun:test";
import { networkOf, siteOf } from "../../../src/domain/access/network.ts";
import { parseAddress } from "../../../src/domain/source/ip-address.ts";

const addressIn = (text: string) => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`Expected an address: ${text}`);
  return address;
};

describe("networkOf()", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:c000:201", "192.0.2.1"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:db8:1:3::", "2001:db8:1:3::/64"],
    ["::1", "::/64"],
  ])("has %s in %s", (address, expected) => {
    expect(networkOf(addressIn(address))).toBe(expected);
  });
});

describe("siteOf()", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2::1", "2001:db8:1::/48"],
    ["2001:db8:1:ffff:ffff:ffff:ffff:ffff", "2001:db8:1::/48"],
    ["2001:db8:2::", "2001:db8:2::/48"],
  ])("has %s in %s", (address, expected) => {
    expect(siteOf(addressIn(address))).toBe(expected);
  });
});
