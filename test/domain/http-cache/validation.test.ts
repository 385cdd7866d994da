import { describe, expect, test } from "bun:test";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import {
  freshened,
  freshenedByHead,
  updatedHeaders,
} from "../../../src/domain/http-cache/freshening.ts";
import { conditionsFor, freshenedBy } from "../../../src/domain/http-cache/validation.ts";
import { NOON, SECOND, stored } from "./stored.ts";

const MODIFIED = "Wed, 01 Jan 2020 00:00:00 GMT";
const OTHER = "Thu, 02 Jan 2020 00:00:00 GMT";
const tagged = (etag: string, at = NOON) => stored([["ETag", etag]], { at });
const dated = (modified: string) => stored([["Last-Modified", modified]]);

describe("conditionsFor() (§4.3.1)", () => {
  test("sends every tag that is stored, that of the selected one first", () => {
    const [one, two] = [tagged('"a"'), tagged('W/"b"')];

    expect(conditionsFor([one, two], two)).toEqual([["If-None-Match", 'W/"b", "a"']]);
    expect(conditionsFor([one, two])).toEqual([["If-None-Match", '"a", W/"b"']]);
    expect(conditionsFor([one, one], one)).toEqual([["If-None-Match", '"a"']]);
  });

  test("sends both validators of one that has both, as they came", () => {
    const both = stored([
      ["ETag", '"a"'],
      ["Last-Modified", MODIFIED],
    ]);

    expect(conditionsFor([both], both)).toEqual([
      ["If-None-Match", '"a"'],
      ["If-Modified-Since", MODIFIED],
    ]);
  });

  test("sends a date alone where the selected one has no tag", () => {
    const selected = dated(MODIFIED);

    expect(conditionsFor([selected, tagged('"a"')], selected)).toEqual([
      ["If-Modified-Since", MODIFIED],
    ]);
  });

  test("sends nothing without a validator, nor for a part", () => {
    const validators = [
      ["ETag", '"a"'],
      ["Last-Modified", MODIFIED],
    ] as const;
    const part = stored([...validators, ["Content-Range", "bytes 0-1/9"]], {
      status: 206,
    });

    expect(conditionsFor([])).toEqual([]);
    expect(conditionsFor([stored([])], stored([]))).toEqual([]);
    expect(conditionsFor([tagged("unquoted")])).toEqual([]);
    expect(conditionsFor([dated("yesterday")], dated("yesterday"))).toEqual([]);
    expect(conditionsFor([part], part)).toEqual([]);
  });
});

describe("freshenedBy() (§4.3.4)", () => {
  test("finds all with the strong tag of a 304, and none without", () => {
    const [one, same, other] = [tagged('"a"'), tagged('"a"'), tagged('"b"')];
    const all = [one, same, other];

    expect(freshenedBy(all, [["ETag", '"a"']])).toEqual([one, same]);
    expect(freshenedBy(all, [["ETag", '"c"']])).toEqual([]);
    expect(freshenedBy([tagged('W/"a"')], [["ETag", '"a"']])).toEqual([]);
  });

  test("finds the most recent with a weak tag or a date", () => {
    const older = tagged('W/"a"', NOON - SECOND);
    const newer = tagged('W/"a"', NOON);
    const [one, other] = [dated(MODIFIED), dated(OTHER)];

    expect(freshenedBy([older, newer], [["ETag", 'W/"a"']])).toEqual([newer]);
    expect(freshenedBy([one, other], [["Last-Modified", MODIFIED]])).toEqual([one]);
    expect(freshenedBy([one], [["Last-Modified", OTHER]])).toEqual([]);
  });

  test("takes a 304 without a validator for the only one that was asked about", () => {
    const [one, other] = [dated(MODIFIED), dated(OTHER)];

    expect(freshenedBy([one], [])).toEqual([one]);
    expect(freshenedBy([one, other], [])).toEqual([]);
  });
});

const times = {
  requestAt: NOON + 90 * SECOND,
  responseAt: NOON + 91 * SECOND,
  staleIfErrorMillis: 0,
};

describe("updatedHeaders() (§3.2)", () => {
  test("replaces every field that came, with all its lines", () => {
    const old: HeaderList = [
      ["A", "1"],
      ["Set-Cookie", "a"],
      ["a", "2"],
      ["B", "3"],
    ];

    expect(
      updatedHeaders(old, [
        ["a", "9"],
        ["C", "4"],
        ["C", "5"],
      ]),
    ).toEqual([
      ["Set-Cookie", "a"],
      ["B", "3"],
      ["a", "9"],
      ["C", "4"],
      ["C", "5"],
    ]);
  });

  test.each([
    "Content-Length",
    "Content-Encoding",
    "Content-MD5",
    "Content-Range",
    "Content-Digest",
    "ETag",
  ])("leaves %s, which is about the bytes we have", (name) => {
    expect(updatedHeaders([[name, "old"]], [[name, "new"]])).toEqual([[name, "old"]]);
  });

  test.each(["Content-Type", "Content-Location", "Content-Foo", "Expires", "Set-Cookie"])(
    "updates %s",
    (name) => {
      expect(updatedHeaders([[name, "old"]], [[name, "new"]])).toEqual([[name, "new"]]);
    },
  );
});

describe("freshened() (§4.3.4)", () => {
  const minute = stored([
    ["Cache-Control", "max-age=60"],
    ["ETag", '"a"'],
    ["X", "1"],
  ]);

  test("is fresh again for as long as before, from the 304 on", () => {
    const again = freshened(
      minute,
      [
        ["Age", "5"],
        ["Connection", "Y"],
        ["Y", "1"],
      ],
      times,
    );

    // One second of delay and five of age are over at its arrival.
    expect(again.lifetime.freshUntil).toBe(times.responseAt + 54 * SECOND);
    expect(again.headers).toEqual([
      ["Cache-Control", "max-age=60"],
      ["ETag", '"a"'],
      ["X", "1"],
      ["Date", "Fri, 20 Nov 2026 12:01:31 GMT"],
    ]);
    expect(again).toMatchObject({
      requestAt: times.requestAt,
      responseAt: times.responseAt,
    });
    expect(again.body).toBe(minute.body);
  });

  test("lives as the new headers say", () => {
    const again = freshened(minute, [["Cache-Control", "no-cache"]], times);

    expect(again.lifetime.freshUntil).toBe(again.lifetime.storedAt);
  });
});

describe("freshenedByHead() (§4.3.5)", () => {
  const minute = stored([
    ["Cache-Control", "max-age=60"],
    ["ETag", '"a"'],
  ]);
  const by = (headers: HeaderList, status = 200) =>
    freshenedByHead(minute, { status, headers }, times);

  test("updates where validators and length agree, as far as they came", () => {
    for (const headers of [[], [["ETag", '"a"']], [["Content-Length", "10"]]] as const) {
      expect(by([...headers, ["X", "1"]]).lifetime.freshUntil).toBe(
        times.requestAt + 60 * SECOND,
      );
    }
  });

  test("makes stale what differs, and keeps it as a fallback as before", () => {
    const early = { ...times, responseAt: NOON + SECOND };
    for (const headers of [[["ETag", '"b"']], [["Content-Length", "11"]]] as const) {
      const now = freshenedByHead(minute, { status: 200, headers }, early);

      expect(now.lifetime.freshUntil).toBe(NOON + SECOND);
      expect(now.lifetime.fallbackUntil).toBe(minute.lifetime.fallbackUntil);
    }
  });

  test("is nothing to it if it is no 200", () => {
    expect(by([["X", "1"]], 410)).toBe(minute);
  });
});
