/**
 * Contract §7.4 with the ttl absent: a shared cache after RFC 9111, on the wire.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type { Answer } from "../../support/counting-upstream.ts";
import { eventually } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import {
  labelOf,
  numbered,
  readWhole,
  reply,
  secondsSince,
  statusOf,
  statusSince,
  told,
} from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy, answers } = plane;
const { get, send } = readWhole(plane);

let made = 0;
/** A proxy of its own by the RFC, whose upstream answers so. */
const origin = async (
  headers: Record<string, string>,
  { source = {}, status = 200 }: { source?: object; status?: number } = {},
): Promise<string> => {
  const name = `origin-${++made}`;
  await proxy(name, {
    answer: numbered(headers, status),
    settings: { ttl: undefined },
    source: { ...source },
  });
  return name;
};
const date = (at: number) => new Date(at).toUTCString();
const second = async (name: string) => {
  await get(`${name}/a`);
  return get(`${name}/a`);
};

describe("freshness", () => {
  test.each([
    [{ "Cache-Control": "max-age=60" }, "HIT"],
    [{ "Cache-Control": "s-maxage=60" }, "HIT"],
    [{ "Cache-Control": "max-age=0, s-maxage=60" }, "HIT"],
    [{ "Cache-Control": "max-age=60, s-maxage=0" }, "MISS"],
    [{ Expires: date(Date.now() + 600_000) }, "HIT"],
    [{ Expires: "0" }, "MISS"],
    [{ Expires: date(Date.now() + 600_000), "Cache-Control": "max-age=0" }, "MISS"],
    [{ "Cache-Control": "public, max-age=60, unknown=1" }, "HIT"],
    [{ "Cache-Control": "max-age=60, Max-Age=0" }, "HIT"],
    [{ "CDN-Cache-Control": "max-age=60", "Cache-Control": "no-store" }, "HIT"],
    [{ "CDN-Cache-Control": "no-store", "Cache-Control": "max-age=60" }, "MISS"],
    [{ "CDN-Cache-Control": "max-age=0", Expires: date(Date.now() + 600_000) }, "MISS"],
    [{ "CDN-Cache-Control": "max-age=@@", "Cache-Control": "max-age=60" }, "HIT"],
    [{ "Cache-Control": "no-cache, max-age=60" }, "MISS"],
    [{ "Cache-Control": "private, max-age=60" }, "MISS"],
    [{ "Cache-Control": "no-store, max-age=60" }, "MISS"],
    [{ "Cache-Control": "max-age=60", Age: "61" }, "MISS"],
    [{ "Cache-Control": "max-age=60", Age: "30" }, "HIT"],
    [{}, "MISS"],
  ] as const)(
    "of an origin that says %j the second answer is a %s",
    async (said, word) => {
      expect(labelOf(await second(await origin(said)))).toBe(word);
    },
  );

  test("s-maxage ends it, whatever max-age says", async () => {
    const name = await origin({ "Cache-Control": "max-age=600, s-maxage=60" });
    await get(`${name}/a`);
    await plane.age(45_000);
    expect(labelOf(await get(`${name}/a`))).toBe("HIT");
    await plane.age(16_000);
    expect(labelOf(await get(`${name}/a`))).toBe("MISS");
  });

  test("heuristics: a tenth of the time since Last-Modified, where that is allowed", async () => {
    const modified = { "Last-Modified": date(Date.now() - 1_000_000) };
    const name = await origin(modified);
    await get(`${name}/a`);
    await plane.age(85_000);
    expect(labelOf(await get(`${name}/a`))).toBe("HIT");
    await plane.age(20_000);
    expect(labelOf(await get(`${name}/a`))).toBe("MISS");
    expect(labelOf(await second(await origin(modified, { status: 404 })))).toBe("HIT");
    expect(labelOf(await second(await origin(modified, { status: 302 })))).toBe("MISS");
  });

  test("any final status is cached where the origin says how long", async () => {
    for (const status of [302, 307, 403, 418, 500, 599]) {
      const name = await origin({ "Cache-Control": "max-age=60" }, { status });
      const again = await second(name);
      expect([again.status, labelOf(again)]).toEqual([status, "HIT"]);
    }
  });

  test("Age counts what was spent before us", async () => {
    const name = await origin({ "Cache-Control": "max-age=600", Age: "100" });
    const startedAt = performance.now();
    await get(`${name}/a`);
    await plane.age(50_000);
    const hit = await get(`${name}/a`);
    expect(Number(hit.headers.get("age"))).toBeWithin(150, 151 + secondsSince(startedAt));
    expect(hit.headers.get("cache-control")).toBe("max-age=600");
  });
});

/** Answers 304 to who has this tag. */
const validating =
  (tag: string, headers: Record<string, string> = {}): Answer =>
  (request, response) => {
    const isSame = `${request.headers["if-none-match"] ?? ""}`.includes(tag);
    reply(
      isSame ? "" : `body of ${tag}`,
      { ETag: tag, ...headers },
      isSame ? 304 : 200,
    )(request, response);
  };

describe("validation", () => {
  test("a stale one is asked for by its tag, and a 304 freshens it", async () => {
    const name = await origin({});
    answers.set(name, validating('"1"', { "Cache-Control": "max-age=60", "X-New": "a" }));
    const startedAt = performance.now();
    await get(`${name}/a`);
    answers.set(name, validating('"1"', { "Cache-Control": "max-age=90", "X-New": "b" }));
    await plane.age(61_000);
    const confirmed = await get(`${name}/a`);
    expect([confirmed.status, await told(confirmed)]).toEqual([200, 'MISS body of "1"']);
    const status = "uni-cache;fwd=stale;fwd-status=304;stored;ttl=90";
    expect(statusSince(startedAt, confirmed, status)).toBe(status);
    expect(confirmed.headers.get("x-new")).toBe("b");
    await plane.age(70_000);
    expect(await told(await get(`${name}/a`))).toBe('HIT body of "1"');
    expect(callsOf(`/${name}/`)[1]?.headers["if-none-match"]).toBe('"1"');
  });

  test("by its date where it has no tag", async () => {
    const modified = date(Date.now() - 100_000_000);
    const name = await origin({
      "Last-Modified": modified,
      "Cache-Control": "max-age=60",
    });
    await get(`${name}/a`);
    await plane.age(61_000);
    await get(`${name}/a`);
    expect(callsOf(`/${name}/`)[1]?.headers["if-modified-since"]).toBe(modified);
  });

  test("no-cache is stored, and validated each time", async () => {
    const name = await origin({});
    answers.set(name, validating('"1"', { "Cache-Control": "no-cache" }));
    await get(`${name}/a`);
    for (let i = 2; i <= 3; i += 1) {
      const answer = await get(`${name}/a`);
      expect([answer.status, await told(answer)]).toEqual([200, 'MISS body of "1"']);
      expect(callsOf(`/${name}/`)).toHaveLength(i);
      expect(callsOf(`/${name}/`)[i - 1]?.headers["if-none-match"]).toBe('"1"');
    }
  });

  test("an answer that changed replaces it", async () => {
    const name = await origin({});
    answers.set(name, validating('"1"', { "Cache-Control": "max-age=60" }));
    await get(`${name}/a`);
    answers.set(name, validating('"2"', { "Cache-Control": "max-age=60" }));
    await plane.age(61_000);
    expect(await told(await get(`${name}/a`))).toBe('MISS body of "2"');
    expect(await told(await get(`${name}/a`))).toBe('HIT body of "2"');
  });

  test("a 304 about nothing that is stored is asked again without conditions", async () => {
    const name = await origin({});
    answers.set(name, validating('"1"', { "Cache-Control": "max-age=60" }));
    await get(`${name}/a`);
    answers.set(name, (request, response) => {
      const isAsked = request.headers["if-none-match"] !== undefined;
      reply(
        isAsked ? "" : "whole",
        { ETag: '"9"' },
        isAsked ? 304 : 200,
      )(request, response);
    });
    await plane.age(61_000);
    const whole = await get(`${name}/a`);
    expect([whole.status, await told(whole)]).toEqual([200, "MISS whole"]);
    expect(callsOf(`/${name}/`)).toHaveLength(3);
  });

  test("a client's own condition is answered from a fresh one", async () => {
    const name = await origin({ "Cache-Control": "max-age=60", ETag: '"1"' });
    await get(`${name}/a`);
    const same = await get(`${name}/a`, { "if-none-match": 'W/"1"' });
    expect([same.status, labelOf(same)]).toEqual([304, "HIT"]);
    expect(same.headers.get("content-length")).toBeNull();
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });

  test("and from one that was just confirmed", async () => {
    const name = await origin({});
    answers.set(name, validating('"1"', { "Cache-Control": "max-age=60" }));
    await get(`${name}/a`);
    await plane.age(61_000);
    const same = await get(`${name}/a`, { "if-none-match": '"1"' });
    expect(same.status).toBe(304);
    await plane.age(61_000);
    const other = await get(`${name}/a`, { "if-none-match": '"0"' });
    expect([other.status, await other.text()]).toEqual([200, 'body of "1"']);
  });

  test("on a miss the client's condition goes up, and the 304 is the client's", async () => {
    const name = await origin({});
    answers.set(name, validating('"1"', { "Cache-Control": "max-age=60" }));
    const same = await get(`${name}/a`, { "if-none-match": '"1"' });
    expect([same.status, labelOf(same)]).toEqual([304, "MISS"]);
    expect(callsOf(`/${name}/`)[0]?.headers["if-none-match"]).toBe('"1"');
    expect(labelOf(await get(`${name}/a`))).toBe("MISS");
  });

  test("a HEAD that shows a change makes the stored one stale", async () => {
    const name = await origin({});
    const headers = { "Cache-Control": "max-age=60" };
    answers.set(name, reply("one", { ...headers, ETag: '"1"' }));
    await get(`${name}/a`);
    answers.set(name, reply("other", { ...headers, ETag: '"2"' }));
    await send("HEAD", `${name}/a`, { headers: { "cache-control": "no-cache" } });
    expect(await told(await get(`${name}/a`))).toBe("MISS other");
  });
});

describe("stale", () => {
  const cut: Answer = (request) => void request.socket.destroy();
  const old = async (control: string, source: object = {}) => {
    const name = await origin(
      { "Cache-Control": control, ETag: '"1"' },
      { source: { stale_if_error_s: 100, ...source } },
    );
    await get(`${name}/a`);
    await plane.age(61_000);
    return name;
  };

  test("stale-while-revalidate: is served, and renewed behind the answer", async () => {
    const name = await old("max-age=60, stale-while-revalidate=60");
    expect(await told(await get(`${name}/a`))).toBe("STALE call 1");
    await eventually(
      () => get(`${name}/a`).then(told),
      (said) => said === "HIT call 2",
    );
    expect(callsOf(`/${name}/`)).toHaveLength(2);
  });

  test("stale-while-revalidate: many who come at once are one call", async () => {
    const name = await old("max-age=60, stale-while-revalidate=60");
    const said = await Promise.all(
      Array.from({ length: 20 }, () => get(`${name}/a`).then(told)),
    );
    expect(new Set(said)).toEqual(new Set(["STALE call 1"]));
    await eventually(
      () => get(`${name}/a`).then(told),
      (answer) => answer === "HIT call 2",
    );
    expect(callsOf(`/${name}/`)).toHaveLength(2);
  });

  test.each([
    ["HEADs", "HEAD", {}],
    ["requests for a part", "GET", { range: "bytes=0-1" }],
    ["requests with a condition", "GET", { "if-none-match": '"1"' }],
  ])(
    "stale-while-revalidate: %s make the whole new, once",
    async (_, method, headers: Record<string, string>) => {
      const name = await old("max-age=60, stale-while-revalidate=60");
      const asked = Array.from({ length: 5 }, () =>
        send(method, `${name}/a`, { headers }),
      );
      for (const response of await Promise.all(asked)) {
        expect(labelOf(response)).toBe("STALE");
      }
      await eventually(
        () => get(`${name}/a`).then(told),
        (said) => said === "HIT call 2",
      );
      const [, behind, ...more] = callsOf(`/${name}/`);
      expect([behind?.method, behind?.headers["range"], more]).toEqual([
        "GET",
        undefined,
        [],
      ]);
    },
  );

  test("stale-while-revalidate: is served though no call is free to renew it", async () => {
    const name = await old("max-age=60, stale-while-revalidate=60", {
      rate_limit: { per_minute: 1 },
    });
    for (let i = 0; i < 3; i += 1) {
      expect(await told(await get(`${name}/a`))).toBe("STALE call 1");
    }
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });

  test("beyond stale-while-revalidate it is validated first", async () => {
    const name = await old("max-age=30, stale-while-revalidate=10");
    expect(await told(await get(`${name}/a`))).toBe("MISS call 2");
  });

  test("stale-if-error: stands in for an error as long as it says", async () => {
    const name = await old("max-age=60, stale-if-error=20");
    answers.set(name, cut);
    expect(await told(await get(`${name}/a`))).toBe("STALE call 1");
    await plane.age(20_000);
    expect((await get(`${name}/a`)).status).toBe(502);
  });

  test("an origin that is silent about it leaves it to the source's stale_if_error_s", async () => {
    const name = await old("max-age=60");
    answers.set(name, reply("broken", {}, 503));
    expect(await told(await get(`${name}/a`))).toBe("STALE call 1");
    await plane.age(100_000);
    expect((await get(`${name}/a`)).status).toBe(503);
  });

  test.each(["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"])(
    "%s forbids it: an upstream that fails or is silent is 504",
    async (control) => {
      const name = await old(`max-age=60, stale-while-revalidate=600, ${control}`);
      answers.set(name, cut);
      expect((await get(`${name}/a`)).status).toBe(504);
      answers.set(name, () => {});
      await plane.wait(name, 200);
      expect((await get(`${name}/a`)).status).toBe(504);
      await plane.wait(name, 60_000);
      answers.set(name, reply("broken", {}, 500));
      expect((await get(`${name}/a`)).status).toBe(500);
    },
  );

  test("max-stale of a client is served what it takes", async () => {
    const name = await old("max-age=60");
    const stale = await get(`${name}/a`, { "cache-control": "max-stale=60" });
    expect(await told(stale)).toBe("STALE call 1");
    expect(callsOf(`/${name}/`)).toHaveLength(1);
    const less = await get(`${name}/a`, { "cache-control": "max-stale=0" });
    expect(await told(less)).toBe("MISS call 2");
  });

  test("only-if-cached is 504 where only a stale one is there", async () => {
    const name = await old("max-age=60");
    const answer = await get(`${name}/a`, { "cache-control": "only-if-cached" });
    expect(answer.status).toBe(504);
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });
});

describe("requests", () => {
  test.each([
    ["max-age=30", "MISS"],
    ["max-age=50", "HIT"],
    ["min-fresh=30", "MISS"],
    ["min-fresh=10", "HIT"],
    ["unknown=1", "HIT"],
  ])("Cache-Control: %s of a client is a %s forty seconds on", async (wish, word) => {
    const name = await origin({ "Cache-Control": "max-age=60" });
    await get(`${name}/a`);
    await plane.age(40_000);
    expect(labelOf(await get(`${name}/a`, { "cache-control": wish }))).toBe(word);
  });

  test("OPTIONS, TRACE and POST are not answered from the cache", async () => {
    const name = await origin({ "Cache-Control": "max-age=60" });
    await get(`${name}/a`);
    for (const method of ["OPTIONS", "POST"]) {
      const answer = await send(method, `${name}/a`);
      expect([labelOf(answer), statusOf(answer)]).toEqual([
        "BYPASS",
        "uni-cache;fwd=method",
      ]);
    }
  });

  test("unsafe methods invalidate", async () => {
    const name = await origin({ "Cache-Control": "max-age=60" });
    await get(`${name}/a`);
    await send("PUT", `${name}/a`, { body: "x" });
    expect(labelOf(await get(`${name}/a`))).toBe("MISS");
  });
});

describe("Vary", () => {
  test("spellings of one preference are one variant", async () => {
    const name = await origin({
      "Cache-Control": "max-age=60",
      Vary: "Accept-Language",
    });
    await get(`${name}/a`, { "accept-language": "de, EN;q=0.5" });
    const again = await get(`${name}/a`, { "accept-language": "en;q=0.50,DE" });
    expect(await told(again)).toBe("HIT call 1");
    const other = await get(`${name}/a`, { "accept-language": "en" });
    expect(statusOf(other)).toContain("fwd=vary-miss");
  });

  test("a variant that is stale is confirmed by the tags of all", async () => {
    const name = await origin({});
    const lang: Answer = (request, response) => {
      const tag = `"${request.headers["x-lang"]}"`;
      validating(tag, { "Cache-Control": "max-age=60", Vary: "X-Lang" })(
        request,
        response,
      );
    };
    answers.set(name, lang);
    for (const one of ["de", "en"]) await get(`${name}/a`, { "x-lang": one });
    await plane.age(61_000);
    const confirmed = await get(`${name}/a`, { "x-lang": "de" });
    expect(await told(confirmed)).toBe('MISS body of "de"');
    expect(`${callsOf(`/${name}/`)[2]?.headers["if-none-match"]}`).toBe('"de", "en"');
    expect(labelOf(await get(`${name}/a`, { "x-lang": "de" }))).toBe("HIT");
  });
});

describe("ranges", () => {
  const headers = { "Cache-Control": "max-age=60", ETag: '"1"' };
  const whole = "0123456789";
  /** An origin that gives parts. */
  const inParts: Answer = (request, response) => {
    const [, first, last] =
      /^bytes=(\d+)-(\d+)$/.exec(`${request.headers["range"]}`) ?? [];
    if (first === undefined || last === undefined) {
      return reply(whole, headers)(request, response);
    }
    const part = whole.slice(Number(first), Number(last) + 1);
    const range = { "Content-Range": `bytes ${first}-${last}/${whole.length}` };
    return reply(part, { ...headers, ...range }, 206)(request, response);
  };

  test("are cut out of what is stored", async () => {
    const name = await origin({});
    answers.set(name, reply(whole, headers));
    await get(`${name}/a`);
    const part = await get(`${name}/a`, { range: "bytes=2-4" });
    expect([part.status, part.headers.get("content-range")]).toEqual([
      206,
      "bytes 2-4/10",
    ]);
    expect(await told(part)).toBe("HIT 234");
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });

  test("of a miss go up, and the part is stored as a part", async () => {
    const name = await origin({});
    answers.set(name, inParts);
    const part = await get(`${name}/a`, { range: "bytes=2-5" });
    expect([part.status, await told(part)]).toEqual([206, "MISS 2345"]);
    expect(callsOf(`/${name}/`)[0]?.headers["range"]).toBe("bytes=2-5");
    const within = await get(`${name}/a`, { range: "bytes=3-4" });
    expect([within.status, within.headers.get("content-range")]).toEqual([
      206,
      "bytes 3-4/10",
    ]);
    expect(await told(within)).toBe("HIT 34");
    const all = await get(`${name}/a`);
    expect([all.status, await told(all)]).toEqual([200, `MISS ${whole}`]);
  });

  test("never take the place of a whole that a 304 confirms", async () => {
    const name = await origin({});
    answers.set(name, (request, response) =>
      request.headers["if-none-match"] === undefined
        ? inParts(request, response)
        : reply("", headers, 304)(request, response),
    );
    await get(`${name}/a`);
    const part = await get(`${name}/a`, { range: "bytes=2-4", "if-match": '"1"' });
    expect([part.status, await told(part)]).toEqual([206, "MISS 234"]);
    const all = await get(`${name}/a`, { "cache-control": "no-cache" });
    expect([all.status, await told(all)]).toEqual([200, `MISS ${whole}`]);
    expect(await told(await get(`${name}/a`))).toBe(`HIT ${whole}`);
  });

  test("that join are put together", async () => {
    const name = await origin({});
    answers.set(name, inParts);
    await get(`${name}/a`, { range: "bytes=0-4" });
    const rest = await get(`${name}/a`, { range: "bytes=5-9" });
    expect([rest.status, await rest.text()]).toEqual([206, "56789"]);
    const all = await get(`${name}/a`);
    expect([all.status, await told(all)]).toEqual([200, `HIT ${whole}`]);
  });
});

describe("null values", () => {
  test("are not stored unless the settings say so, whatever the origin says", async () => {
    const name = await origin({});
    answers.set(name, reply("null", { "Cache-Control": "max-age=60" }));
    expect(labelOf(await second(name))).toBe("MISS");
  });

  test("are stored where the settings say so; errors only where the origin does", async () => {
    await proxy("nulls", { settings: { ttl: undefined, cacheNullValue: true } });
    answers.set("nulls", reply("null", { "Cache-Control": "max-age=60" }));
    expect(labelOf(await second("nulls"))).toBe("HIT");
    answers.set("nulls", reply("broken", {}, 500));
    await get("nulls/b");
    expect(labelOf(await get("nulls/b"))).toBe("MISS");
  });
});

test("interim answers of the origin are no answer", async () => {
  const name = await origin({});
  answers.set(name, (request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
    reply("final", { "Cache-Control": "max-age=60" })(request, response);
  });
  const first = await get(`${name}/a`);
  expect([first.status, await told(first)]).toEqual([200, "MISS final"]);
  const hit = await get(`${name}/a`);
  expect([hit.headers.get("link"), await told(hit)]).toEqual([null, "HIT final"]);
});

test("Date is made where there is none, and kept where there is one", async () => {
  const name = await origin({});
  const stamp = date(Date.now() - 5_000);
  answers.set(name, (request, response) => {
    response.sendDate = false;
    reply("x", { "Cache-Control": "max-age=60" })(request, response);
  });
  expect((await second(name)).headers.get("date")).not.toBeNull();
  answers.set(name, reply("x", { "Cache-Control": "max-age=60", Date: stamp }));
  await get(`${name}/b`);
  expect((await get(`${name}/b`)).headers.get("date")).toBe(stamp);
});

test("private and no-cache with field names leave those fields out of what is stored", async () => {
  const name = await origin({
    "Cache-Control": 'max-age=60, private="X-Who", no-cache="X-When"',
    "X-Who": "ann",
    "X-When": "now",
    "X-Kept": "1",
  });
  const first = await get(`${name}/a`);
  expect(first.headers.get("x-who")).toBe("ann");
  const hit = await get(`${name}/a`);
  expect(labelOf(hit)).toBe("HIT");
  expect(["x-who", "x-when", "x-kept"].map((field) => hit.headers.get(field))).toEqual([
    null,
    null,
    "1",
  ]);
});
