import { describe, expect, test } from "bun:test";
import { isFromElsewhere } from "../../../src/domain/access/request-site.ts";

const host = "cache.example.com:8443";

describe("isFromElsewhere()", () => {
  test.each([
    [undefined, undefined, false],
    ["same-origin", undefined, false],
    ["same-site", undefined, false],
    ["none", undefined, false],
    ["cross-site", undefined, true],
    [" Cross-Site ", undefined, true],
    ["same-origin", "https://cache.example.com:8443", false],
    [undefined, "https://CACHE.example.com:8443", false],
    [undefined, "http://cache.example.com:8443", false],
    ["cross-site", "https://cache.example.com:8443", true],
    [undefined, "https://cache.example.com", true],
    ["same-site", "https://www.example.com:8443", true],
    [undefined, "https://cache.example.com:8443.evil.test", true],
    [undefined, "https://evil.test", true],
    [undefined, "null", true],
    [undefined, "", true],
    [undefined, "file:///x", true],
  ])("Sec-Fetch-Site %p and Origin %p: %p", (fetchSite, origin, expected) => {
    expect(isFromElsewhere({ fetchSite, origin, host })).toBe(expected);
  });

  test("takes the port that a scheme has of itself for none", () => {
    const origin = "https://cache.example.com";

    expect(
      isFromElsewhere({ fetchSite: undefined, origin, host: "cache.example.com:443" }),
    ).toBe(false);
  });

  test("is so where it can't be told which host was asked", () => {
    const origin = "https://cache.example.com";

    expect(isFromElsewhere({ fetchSite: undefined, origin, host: undefined })).toBe(true);
  });
});
