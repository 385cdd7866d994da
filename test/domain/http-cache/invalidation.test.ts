import { describe, expect, test } from "bun:test";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import { invalidatedUris } from "../../../src/domain/http-cache/invalidation.ts";

const URL_OF = "https://a.example/x/y?z=1";
const uris = (method: string, status: number, headers: HeaderList = []) =>
  invalidatedUris({ method, url: URL_OF, headers: [] }, { status, headers });

describe("invalidatedUris() (§4.4)", () => {
  test.each(["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "X-UNKNOWN"])(
    "of %s is the target, where it was no error",
    (method) => {
      for (const status of [200, 204, 299, 302, 399]) {
        expect(uris(method, status)).toEqual([URL_OF]);
      }
      for (const status of [100, 400, 404, 500, 503])
        expect(uris(method, status)).toEqual([]);
    },
  );

  test.each(["GET", "HEAD", "OPTIONS", "TRACE"])("of %s is nothing", (method) => {
    expect(uris(method, 200, [["Location", "/b"]])).toEqual([]);
  });

  test("takes Location and Content-Location of the same origin with it", () => {
    const headers: HeaderList = [
      ["Location", "b#f"],
      ["Content-Location", "/c?d=2"],
    ];

    expect(uris("POST", 201, headers)).toEqual([
      URL_OF,
      "https://a.example/x/b",
      "https://a.example/c?d=2",
    ]);
  });

  test.each([
    "https://b.example/x",
    "http://a.example/x",
    "https://a.example:8443/x",
    "//b.example/x",
    "http://[",
  ])("leaves %s alone", (location) => {
    expect(
      uris("POST", 201, [
        ["Location", location],
        ["Content-Location", location],
      ]),
    ).toEqual([URL_OF]);
  });
});
