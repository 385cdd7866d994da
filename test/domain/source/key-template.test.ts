import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { normaliseKey } from "../../../src/domain/source/cache-key.ts";
import type { KeyCase } from "../../../src/domain/source/key-spelling.ts";
import {
  fillTemplate,
  type KeyTemplate,
  matchTemplate,
  parseKeyTemplate,
} from "../../../src/domain/source/key-template.ts";

function template(text: string, keyCase: KeyCase = "preserve"): KeyTemplate {
  const decision = parseKeyTemplate(text, keyCase);
  if (decision._tag === "Refused") throw new Error(`${text}: ${decision.reason}`);
  return decision;
}

/** The key, or the name of the param in its way. */
function fill(text: string, params: Record<string, string>): string {
  const decision = fillTemplate(template(text), params);
  return decision._tag === "Filled" ? decision.key : `! ${decision.field}`;
}

describe("matchTemplate() of a value that combines with what is spelled apart", () => {
  test.each([
    ["/a/{{name}}", "/a/a%3D%CC%B8b"],
    ["/a?name={{name}}", "/a?name=a%3D%CC%B8b"],
  ])("by %s gives it in NFC", (text, key) => {
    const template = parseKeyTemplate(text);
    if (template._tag === "Refused") throw new Error(template.reason);
    expect(matchTemplate(template, key)).toEqual({ name: "a\u2260b" });
  });
});

describe("parseKeyTemplate()", () => {
  test.each([
    ["/weather/{{city}}", ["city"]],
    ["/users/{{id}}.json", ["id"]],
    ["/v1/q?units=metric&city={{city}}", ["city"]],
    ["/v1/{{b}}/q?z={{z}}&a={{a}}", ["b", "a", "z"]],
    ["/files/{{path*}}", ["path"]],
    ["/files/{{path*}}/", ["path"]],
    ["/status", []],
    ["/", []],
    ["/{{__proto__}}", ["__proto__"]],
    [`/{{${"n".repeat(64)}}}`, ["n".repeat(64)]],
  ])("reads %s", (text, names) => {
    expect(template(text).names).toEqual(names);
  });

  test.each([
    "",
    " ",
    "/{city}",
    "/{{}}",
    "/{{ city }}",
    "/{{1st}}",
    "/{{ci-ty}}",
    "/{{city",
    "/city}}",
    "/{{{city}}}",
    `/{{${"n".repeat(65)}}}`,
    "/{{a}}-{{b}}",
    "/{{a}}{{b}}",
    "/{{a}}/{{a}}",
    "/{{a}}?x={{a}}",
    "/{{path*}}/more",
    "/{{path*}}/{{more}}",
    "/x{{path*}}",
    "/{{path*}}.json",
    "/q?x={{path*}}",
    "/q?x=a{{b}}",
    "/q?{{name}}=1",
    "/q?{{name}}",
    "/../{{a}}",
    "/%2e%2e/{{a}}",
    "/..;{{a}}",
    "/a%zz",
    "/a\0",
    `/${"a".repeat(2_048)}`,
  ])("refuses %j", (text) => {
    expect(parseKeyTemplate(text)._tag).toBe("Refused");
  });

  test("is spelled as freely as a key", () => {
    expect(template("weather//上/{{x}}?b=2&a=1")).toEqual(
      template("/weather/%e4%b8%8a/{{x}}?a=1&b=2"),
    );
  });
});

describe("fillTemplate()", () => {
  test.each([
    ["/weather/{{city}}", { city: "São Paulo" }, "/weather/S%C3%A3o%20Paulo"],
    [
      "/weather/{{city}}",
      { city: "a/b?c#d%e&f+g;h=i" },
      "/weather/a%2Fb%3Fc%23d%25e%26f%2Bg%3Bh%3Di",
    ],
    ["/users/{{id}}", { id: "a@b.com" }, "/users/a@b.com"],
    ["/users/{{id}}.json", { id: "7" }, "/users/7.json"],
    ["/users/{{id}}.json", { id: "." }, "/users/..json"],
    ["/q?city={{city}}&a=1", { city: "x&a=2" }, "/q?a=1&city=x%26a%3D2"],
    ["/q?city={{city}}", { city: "" }, "/q?city="],
    ["/f/{{path*}}", { path: "a/b c" }, "/f/a/b%20c"],
    ["/f/{{path*}}/", { path: "a/b" }, "/f/a/b/"],
    ["/{{path*}}", { path: "" }, "/"],
    ["/.{{a}}", { a: "well-known" }, "/.well-known"],
  ] as const)("fills %s with %j", (text, params, key) => {
    expect(fill(text, params)).toBe(key);
  });

  test.each([
    ["/{{a}}/{{b}}", { a: "1" }, "b"],
    ["/{{a}}", { a: "1", c: "2" }, "c"],
    ["/{{toString}}", {}, "toString"],
    ["/{{a}}", { a: "" }, "a"],
    ["/{{a}}.json", { a: "" }, "a"],
    ["/{{a}}", { a: ".." }, "a"],
    ["/{{a}}", { a: "x/../y" }, "a"],
    ["/{{a}}", { a: "..\\x" }, "a"],
    ["/.{{a}}", { a: "." }, "a"],
    ["/.{{a}}", { a: "/x" }, "a"],
    ["/{{a}}", { a: "\0" }, "a"],
    ["/{{a}}", { a: "\r\n" }, "a"],
    ["/{{a}}", { a: "\uD800" }, "a"],
    ["/q?a={{a}}", { a: "\uDC00" }, "a"],
    ["/e{{a}}", { a: "\u0301" }, "a"],
    ["/f/{{a*}}", { a: "" }, "a"],
    ["/f/{{a*}}", { a: "x//y" }, "a"],
    ["/f/{{a*}}", { a: "/x" }, "a"],
    ["/f/{{a*}}", { a: "x/" }, "a"],
    ["/f/{{a*}}", { a: "x/../y" }, "a"],
  ] as const)("refuses %s with %j because of %s", (text, params, field) => {
    expect(fill(text, params)).toBe(`! ${field}`);
  });

  test("takes and gives a param called __proto__", () => {
    const params = JSON.parse('{"__proto__": "x"}');

    expect(fill("/{{__proto__}}", params)).toBe("/x");
    const found = matchTemplate(template("/{{__proto__}}"), "/x");
    expect(Object.entries(found ?? {})).toEqual([["__proto__", "x"]]);
  });

  test("gives a key that normalising doesn't change and matching takes apart", () => {
    fc.assert(
      fc.property(
        filling,
        fc.constantFrom<KeyCase>("preserve", "lower"),
        (filling, keyCase) => {
          const made = template(filling.text, keyCase);
          const filled = fillTemplate(made, filling.params);
          if (filled._tag === "Refused") {
            // Only what no key can hold is refused.
            expect(filled.reason).toMatch(/Dot segments|Control|Combines/);
            return;
          }

          expect(normaliseKey(filled.key, made)).toEqual({
            _tag: "Key",
            key: filled.key,
          });
          if (keyCase === "preserve") {
            expect(matchTemplate(made, filled.key)).toEqual(filling.params);
          } else {
            expect(fillTemplate(made, matchTemplate(made, filled.key) ?? {})).toEqual(
              filled,
            );
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("never lets a value add a segment or a query parameter", () => {
    const made = template("/a/{{one}}/x{{two}}y?p=1&q={{three}}");
    fc.assert(
      fc.property(value, value, value, (one, two, three) => {
        const filled = fillTemplate(made, { one, two, three });
        if (filled._tag === "Refused") return;

        expect(delimitersOf(filled.key)).toEqual(delimitersOf("/a/1/x2y?p=1&q=3"));
      }),
      { numRuns: 500 },
    );
  });
});

describe("matchTemplate()", () => {
  test.each([
    ["/weather/{{city}}", "/weather/Shanghai", { city: "Shanghai" }],
    ["/weather/{{city}}", "/weather/a%2Fb%20%E4%B8%8A", { city: "a/b 上" }],
    ["/weather/{{city}}", "/weather", undefined],
    ["/weather/{{city}}", "/weather/a/b", undefined],
    ["/weather/{{city}}", "/Weather/a", undefined],
    ["/weather/{{city}}", "/weather/a/", undefined],
    ["/weather/{{city}}", "/weather/a?x=1", undefined],
    ["/weather/{{city}}/", "/weather/a/", { city: "a" }],
    ["/users/{{id}}.json", "/users/7.json", { id: "7" }],
    ["/users/{{id}}.json", "/users/.json", undefined],
    ["/{{x}}0", "/%20", undefined],
    ["/%{{x}}", "/%20", "refused"],
    ["/q?city={{city}}&units=metric", "/q?city=a&units=metric", { city: "a" }],
    ["/q?city={{city}}", "/q?city=New+York%2B", { city: "New York+" }],
    ["/q?city={{city}}", "/q?city=", { city: "" }],
    ["/q?city={{city}}", "/q?city", undefined],
    ["/q?city={{city}}", "/q", undefined],
    ["/q?city={{city}}", "/q?city=a&city=b", undefined],
    ["/q?city={{city}}", "/q?city=a&lang=en", undefined],
    ["/q?city={{city}}&units=metric", "/q?city=a&units=imperial", undefined],
    ["/q?flag", "/q?flag", {}],
    ["/q?flag", "/q?flag=", undefined],
    ["/q?a={{x}}&a={{y}}", "/q?a=1&a=2", { x: "1", y: "2" }],
    ["/files/{{path*}}", "/files/a/b%20c", { path: "a/b c" }],
    ["/files/{{path*}}", "/files", undefined],
    ["/files/{{path*}}", "/other/a", undefined],
    ["/files/{{path*}}", "/files/a?any=query&b", { path: "a" }],
    ["/files/{{path*}}?v=1", "/files/a?v=1", { path: "a" }],
    ["/files/{{path*}}?v=1", "/files/a?v=1&b=2", undefined],
    ["/{{path*}}", "/", { path: "" }],
    ["/{{path*}}/", "/", { path: "" }],
    ["/{{path*}}", "/a/b?c=1", { path: "a/b" }],
    ["/", "/", {}],
    ["/", "/a", undefined],
  ])("compares %s with %s", (text, key, params) => {
    const made = parseKeyTemplate(text);

    expect(made._tag === "Template" ? matchTemplate(made, key) : "refused").toEqual(
      params,
    );
  });

  test("compares literals in the case of the keys", () => {
    const made = template("/Users/{{Id}}", "lower");
    const key = normaliseKey("/USERS/Ada", made);

    expect(key).toEqual({ _tag: "Key", key: "/users/ada" });
    expect(matchTemplate(made, "/users/ada")).toEqual({ Id: "ada" });
  });

  test("admits every key with /{{path*}}", () => {
    const made = template("/{{path*}}");
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (pieces) => {
        const decision = normaliseKey(pieces.join("/"), made);
        if (decision._tag !== "Key") return;

        expect(matchTemplate(made, decision.key)).toBeDefined();
      }),
      { numRuns: 500 },
    );
  });
});

/** How often each character that divides a URL stands in `key`. */
function delimitersOf(key: string): readonly number[] {
  return Array.from("/?&=#;+\\", (mark) => key.split(mark).length);
}

/** Composed, as params are; with everything that means something in a URL. */
const value = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "/",
        "%",
        "?",
        "&",
        "+",
        "#",
        " ",
        "=",
        ";",
        "\\",
        ".",
        "..",
        "%2F",
        "\u0338",
      ),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((pieces) => pieces.join("").normalize("NFC"));

const literal = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 3 })
  .filter((text) => !/\p{Cc}/u.test(text) && !/(?:^|[/\\])\./.test(text))
  .map(encodeURIComponent);

const segment = fc.oneof(
  literal.map((text) => ({ text, value: undefined })),
  fc
    .record({ before: fc.option(literal), after: fc.option(literal), value })
    .map(({ before, after, value }) => ({
      text: `${before ?? ""}{{}}${after ?? ""}`,
      value,
    })),
);

const query = fc.oneof(
  fc.tuple(literal, literal).map(([n, v]) => ({ text: `${n}=${v}`, value: undefined })),
  fc.tuple(literal, value).map(([name, value]) => ({ text: `${name}={{}}`, value })),
);

const rest = fc
  .array(
    value.map((text) => text.replaceAll("/", "-").normalize("NFC")),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((parts) => ({ text: "{{*}}", value: parts.join("/") }));

/** A template and a value for each of its placeholders. */
const filling = fc
  .record({
    segments: fc.array(segment, { maxLength: 3 }),
    rest: fc.option(rest),
    query: fc.array(query, { maxLength: 3 }),
    slash: fc.boolean(),
  })
  .map(({ segments, rest, query, slash }) => {
    const params: Record<string, string> = {};
    const named = (part: { text: string; value: string | undefined }): string => {
      if (part.value === undefined) return part.text;
      const name = `p${Object.keys(params).length}`;
      params[name] = part.value;
      return part.text.replace("{{", `{{${name}`);
    };
    const path = [...segments, ...(rest === null ? [] : [rest])].map(named).join("/");
    const text = `/${path}${slash ? "/" : ""}?${query.map(named).join("&")}`;
    return { text, params };
  });
