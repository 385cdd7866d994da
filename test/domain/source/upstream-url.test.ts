import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { normaliseKey } from "../../../src/domain/source/cache-key.ts";
import {
  type BaseUrl,
  parseBaseUrl,
  upstreamTarget,
} from "../../../src/domain/source/upstream-url.ts";

function baseUrl(text: string): BaseUrl {
  const decision = parseBaseUrl(text);
  if (decision._tag === "Refused") throw new Error(`${text}: ${decision.reason}`);
  return decision;
}

const api = baseUrl("https://api.example.com/v1");

function targetOf(key: string, query: Record<string, string> = {}, base = api): string {
  const decision = upstreamTarget(base, query, key);
  return decision._tag === "Target" ? decision.target : decision._tag;
}

describe("parseBaseUrl()", () => {
  test.each([
    ["https://api.example.com", "https://api.example.com", ""],
    ["https://api.example.com/", "https://api.example.com", ""],
    ["HTTPS://API.Example.com:443/V1/", "https://api.example.com", "/V1"],
    ["http://localhost:8080/a/b", "http://localhost:8080", "/a/b"],
    ["http://[::1]:81", "http://[::1]:81", ""],
    ["http://0x7f.1/", "http://127.0.0.1", ""],
    ["https://例え.jp/上", "https://xn--r8jz45g.jp", "/%E4%B8%8A"],
    ["https://a.example/%7ev1/%e4%b8%8a", "https://a.example", "/~v1/%E4%B8%8A"],
  ])("reads %s", (text, origin, prefix) => {
    expect(parseBaseUrl(text)).toEqual({
      _tag: "BaseUrl",
      url: `${origin}${prefix}`,
      origin,
      prefix,
    });
  });

  test.each([
    "",
    "api.example.com",
    "//api.example.com",
    "javascript:alert(1)",
    "ftp://a.example",
    "file:///etc/passwd",
    "data:text/plain,x",
    "https:a.example",
    "https:///a.example",
    "https://",
    "https://?x",
    "https://user@a.example",
    "https://user:pw@a.example",
    "https://@a.example",
    "https://a.example?",
    "https://a.example/?x=1",
    "https://a.example/#",
    "https://a.example\\b",
    "https://a.example/\\b",
    "https://a.example/..",
    "https://a.example/v1/%2E%2e/x",
    "https://a.example/v1/..%2Fx",
    "https://a.example//v1",
    "https://a.example/%zz",
    "https://a.example/%00",
    "https://a.example/a b",
    " https://a.example",
    "https://a.ex\tample",
    "https://a.example/\0",
    "https://a.example:99999",
    "https://a%2Fb.example",
    "https://[::1",
  ])("refuses %j", (text) => {
    expect(parseBaseUrl(text)._tag).toBe("Refused");
  });

  test("gives a text that is read as the same base", () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["http", "https"] }), (text) => {
        const base = parseBaseUrl(text);
        if (base._tag === "Refused") return;

        expect(parseBaseUrl(base.url)).toEqual(base);
      }),
      { numRuns: 300 },
    );
  });
});

describe("upstreamTarget()", () => {
  test.each([
    ["/weather/Shanghai", "/v1/weather/Shanghai"],
    ["/", "/v1/"],
    ["/a/", "/v1/a/"],
    ["/a?b=c", "/v1/a?b=c"],
    ["/a%2Fb?q='x'", "/v1/a%2Fb?q='x'"],
    ["/https:/evil.example", "/v1/https:/evil.example"],
  ])("puts the prefix before %s", (key, target) => {
    expect(upstreamTarget(api, {}, key)).toEqual({
      _tag: "Target",
      target,
      origin: "https://api.example.com",
    });
  });

  test("fills only absent parameters, by decoded name, fully escaped", () => {
    const query = { appid: "s&c r/t='ü'", "a b": "1", q: "0" };

    expect(targetOf("/x", query)).toBe(
      "/v1/x?appid=s%26c%20r%2Ft%3D%27%C3%BC%27&a%20b=1&q=0",
    );
    expect(targetOf("/x?a%20b=2&q", query)).toStartWith("/v1/x?a%20b=2&q&appid=");
    expect(targetOf("/x?a+b=2&q=1&appid=mine", query)).toBe("/v1/x?a+b=2&q=1&appid=mine");
  });

  test("refuses a default query that is not Unicode", () => {
    expect(targetOf("/x", { a: "\uD800" })).toBe("Refused");
  });

  test.each([
    "",
    "x",
    "@evil.example/",
    ":80/",
    ".evil.example/",
    "/..",
    "/../x",
    "/a/../../x",
    "/%2e%2e/x",
    "/.%2E/x",
    "/a\\..\\..\\x",
    "/\\evil.example",
    "/.\t./x",
    "/x\n",
    "/x y",
    "/上",
    "/x#y",
    "/x?y#z",
    "/x?上",
    '/x?"',
  ])("refuses %j, which a URL parser would change", (key) => {
    expect(targetOf(key)).toBe("Refused");
  });

  test("refuses a target that begins with two slashes", () => {
    const root = baseUrl("https://api.example.com");

    expect(targetOf("//evil.example/x", {}, root)).toBe("Refused");
  });

  test("never leaves the origin and the prefix, whatever the key", () => {
    fc.assert(
      fc.property(base, hostile, fc.boolean(), (base, text, normalised) => {
        const decision = normaliseKey(text, {
          keyCase: "preserve",
          trailingSlash: false,
        });
        if (normalised && decision._tag !== "Key") return;
        const key = normalised && decision._tag === "Key" ? decision.key : text;

        const target = upstreamTarget(base, { appid: "x" }, key);
        // A key in its one spelling is always callable.
        if (normalised) expect(target._tag).toBe("Target");
        if (target._tag === "Refused") return;

        const url = new URL(`${target.origin}${target.target}`);
        expect(target.origin).toBe(base.origin);
        expect(url.origin).toBe(base.origin);
        expect(url.username + url.password + url.hash).toBe("");
        expect(url.pathname.startsWith(`${base.prefix}/`)).toBe(true);
        expect(target.target).toMatch(/^\/(?!\/)[\x21-\x7E]*$/);
        expect(new URL(target.target, base.origin).href).toBe(url.href);
      }),
      { numRuns: 2_000 },
    );
  });
});

const base = fc.constantFrom(
  api,
  baseUrl("http://localhost:8080"),
  baseUrl("https://a.example/%E4%B8%8A/x"),
);

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "/",
        "//",
        "\\",
        "/\\",
        "@",
        ":",
        "..",
        ".",
        "%2e",
        "%2E%2e",
        "%2F",
        "%5c",
      ),
      fc.constantFrom(
        "\t",
        "\n",
        "\0",
        " ",
        "?",
        "#",
        "&",
        "=",
        ";",
        "%00",
        "%0a",
        "%25",
        "'",
      ),
      fc.constantFrom(
        "\uFF0E",
        "\uFF0F",
        "\u2024",
        "\u2025",
        "\u3002",
        "\u037E",
        "\u2044",
      ),
      fc.constantFrom("evil.example", "https:", "javascript:", "user:pw@", "[::1]", "v1"),
      fc.string({ unit: "binary", maxLength: 3 }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(""));
