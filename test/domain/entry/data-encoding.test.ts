import { describe, expect, test } from "bun:test";
import { dataBytes, encodeBody } from "../../../src/domain/entry/data-encoding.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (body: Uint8Array) => new TextDecoder().decode(body);

/** The encoding and what stands behind `"data":`. */
function served(body: Uint8Array, contentType: string | undefined) {
  const encoded = encodeBody(body, contentType);
  if (encoded._tag === "NotJson") return ["NotJson"];
  return [encoded.encoding, textOf(dataBytes(encoded.encoding, encoded.body))];
}

describe("encodeBody() of JSON", () => {
  test.each([
    ["application/json"],
    ["APPLICATION/JSON; charset=utf-8"],
    ["application/json;charset=iso-8859-1"],
    ["text/json"],
    ["application/problem+json"],
    ["application/geo+json; x=y"],
  ])("passes it on byte for byte under %s", (contentType) => {
    const text = ' {"n": 1.10,\n "big": 12345678901234567890, "n": "é\\u00e9"} ';

    expect(served(bytes(text), contentType)).toEqual(["json", text]);
  });

  test.each([["null"], ["0"], ['""'], ["[]"], ["1e400"], ['"\\ud800"']])(
    "takes %s",
    (text) => {
      expect(served(bytes(text), "application/json")).toEqual(["json", text]);
    },
  );

  test.each([[""], [" "], ["{"], ["{'a':1}"], ["NaN"], ["1 2"], ["[1,]"], ["\u00a01"]])(
    "refuses %p",
    (text) => {
      expect(served(bytes(text), "application/json")).toEqual(["NotJson"]);
    },
  );

  test("refuses what is not UTF-8", () => {
    const latin = Uint8Array.from([0x22, 0xe9, 0x22]);
    const surrogate = Uint8Array.from([0x22, 0xed, 0xa0, 0x80, 0x22]);

    expect(served(latin, "application/json; charset=iso-8859-1")).toEqual(["NotJson"]);
    expect(served(surrogate, "application/json")).toEqual(["NotJson"]);
  });

  test("passes over one byte order mark", () => {
    const mark = [0xef, 0xbb, 0xbf];

    expect(served(Uint8Array.from([...mark, 0x31]), "application/json")).toEqual([
      "json",
      "1",
    ]);
    expect(served(Uint8Array.from([...mark, ...mark, 0x31]), "application/json")).toEqual(
      ["NotJson"],
    );
  });
});

describe("encodeBody() of text", () => {
  test.each([
    ["text/plain"],
    ["text/html; charset=UTF-8"],
    ["application/xml"],
    ["application/atom+xml"],
    ["image/svg+xml"],
    ["application/yaml"],
  ])("gives a string under %s", (contentType) => {
    const text = 'é "quoted" \\ \u0001 </script> 😀\n';

    const [encoding, data] = served(bytes(text), contentType);

    expect(encoding).toBe("text");
    expect(JSON.parse(data ?? "")).toBe(text);
  });

  test("reads the charset it is named", () => {
    const latin = Uint8Array.from([0xe9]);

    expect(served(latin, "text/plain; charset=ISO-8859-1")).toEqual(["text", '"é"']);
    expect(served(latin, 'text/plain; x=y; Charset="windows-1252"')).toEqual([
      "text",
      '"é"',
    ]);
  });

  test("falls back to base64 where the charset is wrong or unknown", () => {
    expect(served(Uint8Array.from([0xe9]), "text/plain")).toEqual(["base64", '"6Q=="']);
    expect(served(bytes("a"), "text/plain; charset=klingon")).toEqual([
      "base64",
      '"YQ=="',
    ]);
  });

  test("takes an empty body for an empty string", () => {
    expect(served(bytes(""), "text/plain")).toEqual(["text", '""']);
  });
});

describe("encodeBody() of anything else", () => {
  test.each([["image/png"], ["application/octet-stream"], [""], [undefined]])(
    "gives base64 under %p",
    (contentType) => {
      const body = Uint8Array.from({ length: 256 }, (_, index) => index);

      const [encoding, data] = served(body, contentType);

      expect(encoding).toBe("base64");
      expect([...Buffer.from(JSON.parse(data ?? ""), "base64")]).toEqual([...body]);
    },
  );
});
