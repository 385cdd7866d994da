import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  requestDirectives,
  responseDirectives,
} from "../../../src/domain/http-cache/cache-control.ts";
import { deltaSeconds } from "../../../src/domain/http-cache/directives.ts";

const said = (...lines: readonly string[]) =>
  responseDirectives(lines.map((line) => ["Cache-Control", line]));
const targeted = (line: string, cacheControl = "max-age=5") =>
  responseDirectives([
    ["CDN-Cache-Control", line],
    ["Cache-Control", cacheControl],
  ]);

describe("responseDirectives()", () => {
  // §5.2: names "are to be compared case-insensitively"; both forms of an argument.
  test.each([
    ["max-age=3600", 3600],
    ["MaX-aGe=3600", 3600],
    ['max-age="3600"', 3600],
    ["foobar, max-age=3600", 3600],
    [",,max-age=3600,", 3600],
    ["max-age=003600", 3600],
    ["max-age=0", 0],
    // §1.2.2: at least 2^31.
    ["max-age=2147483647", 2_147_483_647],
    ["max-age=2147483649", 2_147_483_648],
    ["max-age=99999999999999999999", 2_147_483_648],
    // §4.2.1: of several the first, what is invalid is stale.
    ["max-age=1800, max-age=1", 1800],
    ["max-age=1, max-age=1800", 1],
    ["max-age=abc, max-age=1800", 0],
    ["max-age", 0],
    ["max-age=", 0],
    ["max-age='3600'", 0],
    ["max-age=-3600", 0],
    ["max-age=3600.0", 0],
    ["max-age=3600a", 0],
    ["max-age=a3600", 0],
    ["max-age =3600", 0],
    ["max-age= 3600", 0],
    ['extension="max-age=3600", max-age=1', 1],
    ['max-age=1, extension="max-age=3600"', 1],
    ['extension="a\\", max-age=3600", max-age=1', 1],
    ['extension="max-age=3600, max-age=1', 1],
    ["maxage=3600", undefined],
    ["max_age=3600", undefined],
    ["", undefined],
  ])("reads max-age of %p as %p", (line, seconds) => {
    expect(said(line).maxAge).toBe(seconds);
  });

  test("takes the lines of one field together (RFC 9110 §5.3)", () => {
    expect(said("max-age=1800", "No-StOrE, max-age=1")).toMatchObject({
      maxAge: 1800,
      noStore: true,
    });
  });

  // §5.2.2.4, §5.2.2.7: the qualified and the unqualified form.
  test.each([
    ["no-cache", "all"],
    ['no-cache="a"', ["a"]],
    ['no-cache="A, b"', ["a", "b"]],
    ["no-cache=Set-Cookie", ["set-cookie"]],
    ['no-cache="a", no-cache=b', ["a", "b"]],
    ['no-cache="a", no-cache', "all"],
    ['no-cache=""', "all"],
    ["no-cache=", "all"],
    ['no-cache="a b"', "all"],
    ['no-cache="a', "all"],
    ["max-age=1", undefined],
  ])("reads no-cache of %p as %p, and private likewise", (line, fields) => {
    expect(said(line).noCache).toEqual(fields as never);
    expect(said(line.replaceAll("no-cache", "private")).private).toEqual(fields as never);
  });

  test("passes over Pragma in a response (§5.4)", () => {
    expect(responseDirectives([["Pragma", "no-cache"]]).noCache).toBeUndefined();
  });

  test("never fails, and never reads a lifetime that isn't a whole number of seconds", () => {
    const piece = fc.constantFrom(
      "max-age",
      "=",
      '"',
      "\\",
      ",",
      " ",
      "1",
      "-",
      "no-cache",
      ".",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const { maxAge = 0 } = said(pieces.join(""));
        expect(Number.isInteger(maxAge) && maxAge >= 0).toBe(true);
      }),
    );
  });
});

describe("CDN-Cache-Control (RFC 9213)", () => {
  // §2.2: "MUST ignore the Cache-Control and Expires header fields in that response".
  test("is in the place of Cache-Control", () => {
    expect(targeted("max-age=3600", "no-store, max-age=5")).toMatchObject({
      targeted: true,
      maxAge: 3600,
      noStore: false,
    });
    expect(targeted('no-store, private, no-cache="a"')).toMatchObject({
      noStore: true,
      private: "all",
      noCache: ["a"],
      maxAge: undefined,
    });
  });

  test("governs with directives that are not known, too", () => {
    expect(targeted("foo")).toMatchObject({ targeted: true, maxAge: undefined });
  });

  // §2.1: "is empty, or a parsing error is encountered, that field MUST be ignored".
  test.each(["", "max-age=10000, &&&&&", "max-age =100", "max-age= 100", "MaX-aGe=3600"])(
    "is ignored where it says %p",
    (line) => {
      expect(targeted(line)).toMatchObject({ targeted: false, maxAge: 5 });
    },
  );

  // RFC 9651 §3.2: of several members of one name the last; parameters mean nothing here.
  test.each([
    ["max-age=1, max-age=60", 60],
    ["max-age=60;for=us", 60],
    ["max-age=99999999999", 2_147_483_648],
    ['max-age="60"', 0],
    ["max-age=60.5", 0],
    ["max-age=-60", 0],
    ["max-age", 0],
  ])("with %p is fresh for %p seconds", (line, seconds) => {
    expect(targeted(line).maxAge).toBe(seconds);
  });

  test("takes a false boolean for absent", () => {
    expect(targeted("no-store=?0").noStore).toBe(false);
  });
});

describe("requestDirectives()", () => {
  test("reads what a client asks for (§5.2.1)", () => {
    const value = "max-age=1, min-fresh=2, max-stale=3, no-cache, only-if-cached";

    expect(requestDirectives([["cache-control", value]])).toMatchObject({
      maxAge: 1,
      minFresh: 2,
      maxStale: 3,
      noCache: true,
      noStore: false,
      onlyIfCached: true,
    });
  });

  test("takes max-stale without a value for any staleness (§5.2.1.2), a bad one for none", () => {
    expect(requestDirectives([["Cache-Control", "max-stale"]]).maxStale).toBe(Infinity);
    expect(requestDirectives([["Cache-Control", "max-stale=x"]]).maxStale).toBe(0);
  });

  test("reads Pragma where there is no Cache-Control (§5.4)", () => {
    expect(requestDirectives([["Pragma", "no-cache"]]).noCache).toBe(true);
    expect(requestDirectives([["Pragma", "other"]]).noCache).toBe(false);
    const both = [["Pragma", "no-cache"] as const, ["Cache-Control", "foo"] as const];
    expect(requestDirectives(both).noCache).toBe(false);
  });
});

describe("deltaSeconds()", () => {
  test("reads every whole number up to 2^31", () => {
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(deltaSeconds(String(seconds))).toBe(seconds);
      }),
    );
  });
});
