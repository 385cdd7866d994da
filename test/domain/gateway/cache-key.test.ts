import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createHash } from "node:crypto";
import {
  bodyHash,
  cacheKey,
  type KeyParts,
  paramsOf,
} from "../../../src/domain/gateway/cache-key.ts";
import type { NamedValue } from "../../../src/domain/gateway/variables.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const parts: KeyParts = {
  scope: "p ",
  cacheKeyType: "QUERY_PARAMS",
  method: "GET",
  path: "/a",
  query: undefined,
  variables: [],
  bodyHash: undefined,
};
const keyOf = (changes: Partial<KeyParts>) => cacheKey({ ...parts, ...changes }, hash);

/** Few letters, so that two often meet; and all that the key itself is written with. */
const crafted = fc.string({
  unit: fc.constantFrom(..."a1 :=&?#~!-/\\%\0\n.0", "\uD800", "é", "20"),
  maxLength: 6,
});
const value: fc.Arbitrary<NamedValue["value"]> = fc.oneof(
  fc.constant({ _tag: "Missing" as const }),
  crafted.map((text) => ({ _tag: "Text" as const, text })),
  crafted.map((text) => ({ _tag: "Canonical" as const, text })),
  crafted.map((text) => ({ _tag: "Undecodable" as const, text })),
  crafted.map((text) => ({ _tag: "Hashed" as const, hash: hash(text) })),
);
const asked: fc.Arbitrary<KeyParts> = fc.record({
  scope: fc.constant("p "),
  cacheKeyType: fc.constantFrom("QUERY_PARAMS" as const, "CUSTOM" as const),
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT"),
  path: crafted.map((text) => `/${text}`),
  query: fc.option(crafted, { nil: undefined }),
  variables: fc.array(fc.record({ name: crafted, value }), { maxLength: 3 }),
  bodyHash: fc.constantFrom("", "a", "b").map((text) => bodyHash(Buffer.from(text), [])),
});

/** What must make the difference, written down in another way. */
function meaningOf(one: KeyParts) {
  const isCustom = one.cacheKeyType === "CUSTOM";
  const byName = new Map<string, string[]>();
  for (const part of (isCustom ? undefined : one.query)?.split("&") ?? []) {
    const name = part.split("=")[0] ?? "";
    byName.set(name, [...(byName.get(name) ?? []), part]);
  }
  return JSON.stringify([
    one.method === "HEAD" ? "GET" : one.method,
    one.path,
    isCustom ? one.variables : [one.query === undefined, [...byName].toSorted()],
    ["GET", "HEAD"].includes(one.method) ? "" : one.bodyHash,
  ]);
}

describe("cacheKey()", () => {
  test("is the same for two requests exactly if they ask for the same", () => {
    fc.assert(
      fc.property(asked, asked, (one, other) => {
        const second = { ...other, cacheKeyType: one.cacheKeyType };
        const isSame = meaningOf(one) === meaningOf(second);
        return (keyOf(one) === keyOf(second)) === isSame;
      }),
      { numRuns: 3_000 },
    );
  });

  test("differs where one part of a request differs, whatever it is made of", () => {
    fc.assert(
      fc.property(asked, asked, fc.integer({ min: 0, max: 4 }), (one, other, which) => {
        const name = (["method", "path", "query", "variables", "bodyHash"] as const)[
          which
        ];
        const second = { ...one, [name ?? "path"]: other[name ?? "path"] };
        return (keyOf(one) === keyOf(second)) === (meaningOf(one) === meaningOf(second));
      }),
      { numRuns: 3_000 },
    );
  });

  test("does not depend on the order of a query's names, but on that of one name's values", () => {
    expect(keyOf({ query: "b=2&a=1&b=1" })).toBe("p GET /a?a=1&b=2&b=1");
    expect(keyOf({ query: "b=2&b=1&a=1" })).toBe(keyOf({ query: "a=1&b=2&b=1" }));
    expect(keyOf({ query: "b=1&b=2&a=1" })).not.toBe(keyOf({ query: "a=1&b=2&b=1" }));
  });

  test.each<[string, Partial<KeyParts>, Partial<KeyParts>]>([
    ["an empty query from none", { query: "" }, {}],
    ["a name without = from one with an empty value", { query: "a=" }, { query: "a" }],
    ["an escaped letter from the letter", { path: "/%61" }, {}],
    ["escapes by the case of their digits", { path: "/%2f" }, { path: "/%2F" }],
    ["a trailing slash", { path: "/a/" }, {}],
    ["the case of a path", { path: "/A" }, {}],
    ["the scope", { scope: "e1 " }, {}],
  ])("tells %s", (_, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  test("begins with the scope, however long the rest is", () => {
    expect(keyOf({ scope: "e7 ", path: `/${"x".repeat(5_000)}` })).toStartWith(
      "e7 GET /xxx",
    );
  });

  test("is short text that the store can keep", () => {
    fc.assert(
      fc.property(asked, fc.nat(3_000), (one, length) => {
        const key = keyOf({ ...one, path: one.path + "é😀".repeat(length) });
        const bytes = Buffer.byteLength(key);
        return bytes <= 2_000 && key.isWellFormed() && !/\p{Cc}/u.test(key);
      }),
      { numRuns: 300 },
    );
  });

  test("tells long requests apart by their very last character", () => {
    const path = `/${"é".repeat(3_000)}`;

    expect(keyOf({ path: `${path}a` })).not.toBe(keyOf({ path: `${path}b` }));
    expect(keyOf({ path: `${path}a` })).toBe(keyOf({ path: `${path}a` }));
  });

  test("keeps API keys of a query out of its text", () => {
    const key = keyOf({ query: "access_token=geheim&apiKey=secret%20too&q=1" });

    expect(key).toBe(
      `p GET /a?access_token=\\#${hash("geheim")}&apiKey=\\#${hash("secret%20too")}&q=1`,
    );
    expect(keyOf({ query: "access_token=other&q=1" })).not.toBe(
      keyOf({ query: "access_token=geheim&q=1" }),
    );
  });

  const named = (name: string, value: NamedValue["value"]) => ({
    cacheKeyType: "CUSTOM" as const,
    variables: [{ name, value }],
  });
  const custom = (path: string) => ({ cacheKeyType: "CUSTOM" as const, path });
  const text = (value: string) => ({ _tag: "Text", text: value }) as const;
  const long = `/${"x".repeat(3_000)}`;

  test.each<[string, Partial<KeyParts>, Partial<KeyParts>]>([
    ["a path and a variable", custom("/a 0:-"), named("", { _tag: "Missing" })],
    ["a path and the query", { path: "/a?b=1" }, { query: "b=1" }],
    [
      "a path and a body",
      { method: "POST", path: "/a body:1" },
      { method: "POST", bodyHash: "1" },
    ],
    ["a path and a method", { method: "GET /b", path: "/a" }, { path: "/b /a" }],
    ["a cut key", { path: keyOf({ path: long }).slice("p GET ".length) }, { path: long }],
    [
      "a cut key that ends otherwise",
      { path: keyOf({ path: long }).slice("p GET ".length).replace(" ", "") },
      { path: long },
    ],
    [
      "what is missing and what is empty",
      named("v", { _tag: "Missing" }),
      named("v", text("")),
    ],
    [
      "a number and text",
      named("v", { _tag: "Canonical", text: "1" }),
      named("v", text("1")),
    ],
    ["a hash and text", named("v", { _tag: "Hashed", hash: "1" }), named("v", text("1"))],
    [
      "what can't be decoded and what looks so",
      named("v", { _tag: "Undecodable", text: "%FF" }),
      named("v", text("%FF")),
    ],
    ["an escape and what it stands for", { path: "/\\0020" }, { path: "/ " }],
    ["halves of a pair", { path: "/\uD83D" }, { path: "/\uDE00" }],
    [
      "a hashed credential and its text",
      { query: "api_key=x" },
      { query: `api_key=\\#${hash("x")}` },
    ],
  ])("tells apart %s", (_, one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  test("ignores the query where the key is made of variables", () => {
    expect(keyOf({ cacheKeyType: "CUSTOM", query: "a=1" })).toBe("p GET /a");
  });
});

describe("paramsOf()", () => {
  const params = (changes: Partial<Parameters<typeof paramsOf>[0]>) =>
    paramsOf({ ...parts, pathParams: {}, ...changes }, hash);

  test("has what path and query say, the first of each name, decoded and composed", () => {
    expect(
      params({
        pathParams: { id: "7" },
        query: "id=8&city=Jose%CC%81+x&city=Oslo&%61=1&bad=%FF&&empty",
      }),
    ).toEqual({ id: "7", city: "Jos\u00e9 x", a: "1", bad: "%FF", empty: "" });
  });

  test("has the named variables of a CUSTOM key, but no missing ones", () => {
    expect(
      params({
        cacheKeyType: "CUSTOM",
        query: "unnamed=1",
        pathParams: { id: "7" },
        variables: [
          { name: "userId", value: { _tag: "Text", text: "bob" } },
          { name: "amount", value: { _tag: "Canonical", text: "1.5" } },
          { name: "auth", value: { _tag: "Hashed", hash: "abc" } },
          { name: "none", value: { _tag: "Missing" } },
        ],
      }),
    ).toEqual({ userId: "bob", amount: "1.5", auth: "#abc" });
  });

  test("holds no credential and nothing that the store can't keep", () => {
    expect(params({ query: "api_key=geheim&x=a%00b&__proto__=1" })).toEqual({
      api_key: `#${hash("geheim")}`,
      x: "a\uFFFDb",
      ["__proto__"]: "1",
    });
  });
});
