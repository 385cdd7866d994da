import { describe, expect, test } from "bun:test";
import { isAdmitted, parseCidrs } from "../../../src/domain/source/address-rules.ts";
import type { Cidr } from "../../../src/domain/source/ip-address.ts";

describe("isAdmitted()", () => {
  test.each([
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::FFFF:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", // Teredo, client 127.0.0.1
    "2001:0:7f00:1:8000:63bf:3fff:fdd2", // Teredo, server 127.0.0.1
    "2001:2::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
  ])("refuses %s", (address) => {
    expect(isAdmitted(address, [])).toBe(false);
  });

  test.each([
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2001:200::1",
    "2002:808:808::1",
    "2001:0:808:808:8000:63bf:f7f7:f7f7", // Teredo, client 8.8.8.8
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
  ])("admits %s", (address) => {
    expect(isAdmitted(address, [])).toBe(true);
  });

  test.each([
    "",
    "localhost",
    "0x7f.1",
    "2130706433",
    "127.1",
    "08.8.8.8",
    "8.8.8",
    "8.8.8.8.",
    "256.1.1.1",
    "fe80::1%eth0",
    "[2606:4700::1]",
    "2606:4700:::1",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "1::2::3",
    "2606:4700::8.8.8.8:1",
    "2606:47000::1",
  ])("refuses %p, which is no address", (text) => {
    expect(isAdmitted(text, cidrs("0.0.0.0/0 ::/0"))).toBe(false);
  });

  test.each([
    ["127.0.0.1", "127.0.0.0/8", true],
    ["128.0.0.1", "10.0.0.0/8", true],
    ["10.0.0.1", "127.0.0.0/8", false],
    ["::ffff:127.0.0.1", "127.0.0.0/8", true],
    ["::ffff:127.0.0.1", "::/0", false],
    ["127.0.0.1", "::ffff:127.0.0.0/104", true],
    ["128.0.0.0", "::ffff:127.0.0.0/104", true],
    ["10.0.0.1", "::ffff:127.0.0.0/104", false],
    ["64:ff9b::127.0.0.1", "127.0.0.0/8", true],
    ["64:ff9b::127.0.0.1", "64:ff9b::/96", true],
    ["::1", "::1/128", true],
    ["::1", "::1", true],
    ["::2", "::1", false],
    ["fd12::1", "fd00::/8", true],
    ["fc12::1", "fd00::/8", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.4", "10.1.2.3", false],
    ["10.1.2.4", "10.1.2.3/31", false],
    ["10.1.2.2", "10.1.2.3/31", true],
    ["192.168.1.1", "0.0.0.0/0", true],
  ])("%s under the allow list %s: %p", (address, allowed, admitted) => {
    expect(isAdmitted(address, cidrs(allowed))).toBe(admitted);
  });
});

describe("parseCidrs()", () => {
  test("takes commas, spaces and both", () => {
    expect(cidrs("10.0.0.0/8,127.0.0.0/8 ::1/128 ,  fc00::/7")).toHaveLength(4);
  });

  test.each([
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0/8",
    "010.0.0.0/8",
    "example.com",
    "::ffff:10.0.0.0/95",
    "10.0.0.0/8/8",
  ])("names %p as what is wrong", (piece) => {
    expect(parseCidrs(`127.0.0.0/8, ${piece}, ::1`)).toEqual({ _tag: "Refused", piece });
  });
});

function cidrs(text: string): readonly Cidr[] {
  const parsed = parseCidrs(text);
  if (parsed._tag === "Refused") throw new Error(parsed.piece);
  return parsed.cidrs;
}
