import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../../src/domain/source/ip-address.ts";

const formatted = (text: string) => {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
};

describe("formatAddress()", () => {
  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::1.2.3.4", "::102:304"],
  ])("spells %s as %s", (text, expected) => {
    expect(formatted(text)).toBe(expected);
  });

  test("spells every address as a URL does, so that it is read as the same", () => {
    const values = fc.oneof(
      fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
      // With runs of zeros of every length and place.
      fc
        .array(fc.constantFrom(0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
        .map((groups) =>
          groups.reduce<bigint>((value, group) => (value << 16n) | group, 0n),
        ),
    );
    fc.assert(
      fc.property(values, (value) => {
        fc.pre(value >> 32n !== 0xffffn);
        const text = formatAddress({ family: 6, value });

        expect(parseAddress(text)).toEqual({ family: 6, value });
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      { numRuns: 1_000 },
    );
  });
});
