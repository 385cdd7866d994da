import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import { askedRanges } from "../../../src/domain/http-cache/byte-ranges.ts";
import { combinedParts } from "../../../src/domain/http-cache/combining.ts";
import { contentRange } from "../../../src/domain/http-cache/content-range.ts";
import { rangeAnswer } from "../../../src/domain/http-cache/range-answer.ts";
import { NOON, stored, text } from "./stored.ts";

const MODIFIED = "Wed, 01 Jan 2020 00:00:00 GMT";
const whole = stored([
  ["ETag", '"a"'],
  ["Last-Modified", MODIFIED],
  ["Content-Type", "text/plain"],
  ["Content-Length", "10"],
]);
const partOf = (range: string, body: string, etag = '"a"') =>
  stored(
    [
      ["ETag", etag],
      ["Content-Range", range],
    ],
    { status: 206, body },
  );

/** `body` and `Content-Range` of the answer, or what else it is. */
function ask(headers: HeaderList, held = whole, method = "GET") {
  const answer = rangeAnswer({ method, headers }, held, "BOUNDARY");
  if (answer._tag !== "Part") return answer._tag;
  const range = answer.headers.find(([name]) => name === "Content-Range")?.[1];
  return `${text(answer.body)} ${range}`;
}
const range = (value: string): HeaderList => [["Range", value]];

describe("rangeAnswer() (RFC 9110 §14)", () => {
  test.each([
    ["bytes=0-1", "01 bytes 0-1/10"],
    ["BYTES=0-1", "01 bytes 0-1/10"],
    ["bytes=1-", "123456789 bytes 1-9/10"],
    ["bytes=-1", "9 bytes 9-9/10"],
    ["bytes=-99", "0123456789 bytes 0-9/10"],
    ["bytes=8-99", "89 bytes 8-9/10"],
    ["bytes=0-4,3-6", "0123456 bytes 0-6/10"],
    ["bytes=10-", "Unsatisfiable"],
    ["bytes=-0", "Unsatisfiable"],
    ["bytes=10-, 20-30", "Unsatisfiable"],
    ["bytes=2-1", "Whole"],
    ["bytes=-", "Whole"],
    ["bytes=a-b", "Whole"],
    ["bytes=", "Whole"],
    ["items=0-1", "Whole"],
    [`bytes=${Array.from({ length: 17 }, () => "0-0").join(",")}`, "Whole"],
  ])("%s of ten bytes: %s", (value, expected) => {
    expect(ask(range(value))).toBe(expected);
  });

  test("is for GET and for a 200 only (§14.2)", () => {
    expect(ask(range("bytes=0-1"), whole, "HEAD")).toBe("Whole");
    expect(ask(range("bytes=0-1"), stored([], { status: 404 }))).toBe("Whole");
    expect(ask(range("bytes=0-"), stored([], { body: "" }))).toBe("Whole");
  });

  test("keeps the headers, but those of the other content", () => {
    const answer = rangeAnswer({ method: "GET", headers: range("bytes=0-1") }, whole, "");

    expect(answer._tag === "Part" && answer.headers).toEqual([
      ["ETag", '"a"'],
      ["Last-Modified", MODIFIED],
      ["Content-Type", "text/plain"],
      ["Date", "Fri, 20 Nov 2026 12:00:00 GMT"],
      ["Content-Range", "bytes 0-1/10"],
    ]);
  });

  test("says how long it is where nothing is there (§15.5.17)", () => {
    const answer = rangeAnswer({ method: "GET", headers: range("bytes=10-") }, whole, "");

    expect(answer).toEqual({
      _tag: "Unsatisfiable",
      headers: [["Content-Range", "bytes */10"]],
    });
  });

  test("answers several ranges in parts (§14.6)", () => {
    const answer = rangeAnswer(
      { method: "GET", headers: range("bytes=8-9, 0-1") },
      whole,
      "BOUNDARY",
    );

    if (answer._tag !== "Part") throw new Error(answer._tag);
    expect(text(answer.body)).toBe(
      [
        "",
        "--BOUNDARY",
        "Content-Type: text/plain",
        "Content-Range: bytes 8-9/10",
        "",
        "89",
        "--BOUNDARY",
        "Content-Type: text/plain",
        "Content-Range: bytes 0-1/10",
        "",
        "01",
        "--BOUNDARY--",
        "",
      ].join("\r\n"),
    );
    const names = answer.headers.map(([name]) => name);
    expect(names).not.toContain("Content-Range");
    expect(answer.headers).toContainEqual([
      "Content-Type",
      "multipart/byteranges; boundary=BOUNDARY",
    ]);
  });

  test.each([
    ['"a"', "01 bytes 0-1/10"],
    [MODIFIED, "01 bytes 0-1/10"],
    ['"b"', "Whole"],
    ['W/"a"', "Whole"],
    ["Wed, 01 Jan 2020 00:00:01 GMT", "Whole"],
    ["x", "Whole"],
  ])("If-Range: %s: %s (§13.1.5)", (value, expected) => {
    expect(ask([...range("bytes=0-1"), ["If-Range", value]])).toBe(expected);
  });

  test("doesn't trust a weak tag or a date of the same second for If-Range", () => {
    const now = "Fri, 20 Nov 2026 12:00:00 GMT";
    const weak = stored(
      [
        ["ETag", 'W/"a"'],
        ["Last-Modified", now],
      ],
      { at: NOON },
    );

    expect(ask([...range("bytes=0-1"), ["If-Range", 'W/"a"']], weak)).toBe("Whole");
    expect(ask([...range("bytes=0-1"), ["If-Range", now]], weak)).toBe("Whole");
  });

  test("answers from a part what lies in it", () => {
    const part = partOf("bytes 4-8/10", "45678");

    expect(ask(range("bytes=4-8"), part)).toBe("45678 bytes 4-8/10");
    expect(ask(range("bytes=5-6"), part)).toBe("56 bytes 5-6/10");
    expect(ask(range("bytes=5-"), part)).toBe("Elsewhere");
    expect(ask(range("bytes=3-5"), part)).toBe("Elsewhere");
    expect(ask([], part)).toBe("Elsewhere");
    // A server that sends fewer bytes than it says is not believed.
    expect(ask(range("bytes=4-5"), partOf("bytes 4-9/10", "45678"))).toBe("Elsewhere");
    expect(ask(range("bytes=4-5"), partOf("bytes 4-8/*", "45678"))).toBe("Elsewhere");
  });
});

describe("askedRanges()", () => {
  test("gives only what is there, and each byte once", () => {
    const spec = fc.tuple(fc.nat(40), fc.nat(40)).map(([a, b]) => `${a}-${a + b}`);
    fc.assert(
      fc.property(
        fc.array(spec, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 30 }),
        (specs, size) => {
          const asked = askedRanges(`bytes=${specs.join(",")}`, size);
          const bytes =
            asked._tag === "Ranges"
              ? asked.ranges.flatMap(({ first, last }) =>
                  Array.from({ length: last - first + 1 }, (_, at) => first + at),
                )
              : [];

          const wanted = new Set(
            specs.flatMap((one) => {
              const [first = 0, last = 0] = one.split("-").map(Number);
              return Array.from({ length: size }, (_, at) => at).filter(
                (at) => at >= first && at <= last,
              );
            }),
          );
          expect(bytes.toSorted((a, b) => a - b)).toEqual(
            [...wanted].toSorted((a, b) => a - b),
          );
        },
      ),
    );
  });
});

describe("contentRange() (RFC 9110 §14.4)", () => {
  test.each([
    ["bytes 0-4/10", { first: 0, last: 4, completeLength: 10 }],
    ["bytes 0-4/*", { first: 0, last: 4, completeLength: undefined }],
    ["bytes 4-3/10", undefined],
    ["bytes 0-10/10", undefined],
    ["bytes */10", undefined],
    ["items 0-4/10", undefined],
  ])("reads %s as %p", (value, expected) => {
    expect(contentRange([["Content-Range", value]])).toEqual(expected);
  });
});

describe("combinedParts() (§3.4)", () => {
  const first = partOf("bytes 0-4/10", "01234");
  const combined = (came: ReturnType<typeof partOf>, held = first) => {
    const made = combinedParts(held, came);
    return (
      made &&
      `${made.status} ${text(made.body)} ${contentRange(made.headers)?.last ?? ""}`
    );
  };

  test("makes a whole, or a longer part, of parts that touch or overlap", () => {
    expect(combined(partOf("bytes 5-9/10", "56789"))).toBe("200 0123456789 ");
    expect(combined(partOf("bytes 3-9/10", "3456789"))).toBe("200 0123456789 ");
    expect(combined(partOf("bytes 5-7/10", "567"))).toBe("206 01234567 7");
    expect(combined(first, partOf("bytes 5-9/10", "56789"))).toBe("200 0123456789 ");
  });

  test("asks for the same strong tag, the same length, no gap and honest lengths", () => {
    expect(combined(partOf("bytes 5-9/10", "56789", '"b"'))).toBeUndefined();
    expect(combined(partOf("bytes 5-9/10", "56789", 'W/"a"'))).toBeUndefined();
    expect(combined(partOf("bytes 5-9/11", "56789"))).toBeUndefined();
    expect(combined(partOf("bytes 6-9/10", "6789"))).toBeUndefined();
    expect(combined(partOf("bytes 5-9/10", "5678"))).toBeUndefined();
  });
});
