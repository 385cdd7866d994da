/**
 * Contract §7.4 where a `ttl` is set: what is cached, and how it is served.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { brotliCompressSync } from "node:zlib";
import { eventually } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import {
  echoOfBody,
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
const { callsOf, proxy } = plane;
const { get, send } = readWhole(plane);

describe("statuses", () => {
  test.each([200, 203, 204, 300, 301, 308, 404, 410])(
    "%i is cached as long as the ttl says",
    async (status) => {
      const name = `kept-${status}`;
      const body = status === 204 ? "" : "x";
      await proxy(name, {
        answer: reply(body, { "Cache-Control": "no-store", "X-Own": "1" }, status),
        settings: { cacheNullValue: status === 204 },
      });
      await get(`${name}/a`);
      const again = await get(`${name}/a`);
      expect([again.status, again.headers.get("x-own")]).toEqual([status, "1"]);
      expect(await told(again)).toBe(`HIT ${body}`);
      expect(callsOf(`/${name}/`)).toHaveLength(1);
    },
  );

  test.each([
    201, 202, 206, 302, 303, 307, 400, 401, 403, 405, 414, 500, 501, 502, 503, 504,
  ])("%i is not cached, and Cache-Status says why", async (status) => {
    const name = `unkept-${status}`;
    await proxy(name, { answer: numbered({}, status), settings: {} });
    await get(`${name}/a`);
    const again = await get(`${name}/a`);
    expect(again.status).toBe(status);
    expect(await told(again)).toBe("MISS call 2");
    expect(statusOf(again)).toBe(`uni-cache;fwd=uri-miss;detail="status ${status}"`);
  });

  test("an empty list that comes slowly is not said to be stored", async () => {
    await proxy("null-slow", {
      answer: (_, response) => {
        response.writeHead(200, { "Content-Length": "2" });
        response.flushHeaders();
        setTimeout(() => response.end("[]"), 60);
      },
      settings: {},
    });
    const slow = await get("null-slow/a");
    expect(statusOf(slow)).not.toContain("stored");
    expect(labelOf(await get("null-slow/a"))).toBe("MISS");
  });

  test("204 without cacheNullValue is a null value, a redirect never is", async () => {
    await proxy("null-204", { answer: reply("", {}, 204), settings: {} });
    await get("null-204/a");
    expect(statusOf(await get("null-204/a"))).toContain('detail="null value"');
    await proxy("empty-301", {
      answer: reply("", { Location: "/elsewhere" }, 301),
      settings: {},
    });
    await get("empty-301/a");
    const again = await get("empty-301/a");
    expect([again.status, labelOf(again)]).toEqual([301, "HIT"]);
    expect(again.headers.get("location")).toBe("/elsewhere");
  });

  test.each([
    ["gzip", Bun.gzipSync("[]")],
    ["br", brotliCompressSync("[]")],
  ] as const)(
    "an empty list is a null value under its coding %s too",
    async (coding, body) => {
      const name = `null-${coding}`;
      await proxy(name, {
        answer: reply(body, { "Content-Encoding": coding }),
        settings: {},
      });
      await get(`${name}/a`);
      const again = await get(`${name}/a`);
      expect(labelOf(again)).toBe("MISS");
      expect(statusOf(again)).toContain('detail="null value"');
    },
  );
});

describe("unsafe methods", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "LINK"])(
    "%s invalidates what GET stored for its target",
    async (method) => {
      const name = `unsafe-${method.toLowerCase()}`;
      await proxy(name, { answer: numbered(), settings: {} });
      await get(`${name}/a?x=1`);
      await get(`${name}/b`);
      await send(method, `${name}/a?x=1`);
      expect(labelOf(await get(`${name}/a?x=1`))).toBe("MISS");
      expect(labelOf(await get(`${name}/b`))).toBe("HIT");
    },
  );

  test("OPTIONS and HEAD do not", async () => {
    await proxy("safe", { answer: numbered(), settings: {} });
    await get("safe/a");
    await send("OPTIONS", "safe/a");
    await send("HEAD", "safe/a", { headers: { "cache-control": "no-cache" } });
    expect(labelOf(await get("safe/a"))).toBe("HIT");
  });

  test("one that fails does not", async () => {
    await proxy("failing", {
      answer: (request, response) =>
        reply("x", {}, request.method === "GET" ? 200 : 409)(request, response),
      settings: {},
    });
    await get("failing/a");
    await send("POST", "failing/a");
    expect(labelOf(await get("failing/a"))).toBe("HIT");
  });

  test("Location and Content-Location of its answer are invalidated too", async () => {
    await proxy("named", {
      answer: (request, response) => {
        const isGet = request.method === "GET";
        const headers = { Location: "users/7", "Content-Location": "/named/lists/all" };
        reply("x", isGet ? {} : headers, isGet ? 200 : 201)(request, response);
      },
      settings: {},
    });
    for (const path of ["users", "users/7", "lists/all", "users/8"]) {
      await get(`named/${path}`);
    }
    const created = await send("POST", "named/users");
    expect(created.headers.get("location")).toBe("/gw/shop/named/users/7");
    const labels: (string | null)[] = [];
    for (const path of ["users", "users/7", "lists/all", "users/8"]) {
      labels.push(labelOf(await get(`named/${path}`)));
    }
    expect(labels).toEqual(["MISS", "MISS", "MISS", "HIT"]);
  });

  test("another proxy's or origin's is not", async () => {
    await proxy("victim", { settings: {} });
    await get("victim/a");
    await proxy("villain", {
      answer: reply("x", {
        Location: "/gw/shop/victim/a",
        "Content-Location": "http://elsewhere.example/gw/shop/victim/a",
      }),
      settings: {},
    });
    await send("POST", "villain/a");
    expect(labelOf(await get("victim/a"))).toBe("HIT");
  });

  test("all variants of the target go", async () => {
    await proxy("variants", { answer: numbered({ Vary: "X-Lang" }), settings: {} });
    for (const lang of ["de", "en"]) await get("variants/a", { "x-lang": lang });
    await send("POST", "variants/a");
    for (const lang of ["de", "en"]) {
      expect(labelOf(await get("variants/a", { "x-lang": lang }))).toBe("MISS");
    }
  });

  test("under LOCAL and under an endpoint's own settings as well", async () => {
    await proxy("local-unsafe", {
      answer: numbered(),
      endpoints: [
        { name: "/users/{id}", settings: { cacheStorageType: "LOCAL" } },
        { name: "/users/{id}", httpMethod: "PUT" },
      ],
    });
    await get("local-unsafe/users/1");
    await get("local-unsafe/users/2");
    await send("PUT", "local-unsafe/users/1", { body: "x" });
    expect(labelOf(await get("local-unsafe/users/1"))).toBe("MISS");
    expect(labelOf(await get("local-unsafe/users/2"))).toBe("HIT");
  });

  test("one that is cached itself invalidates where it went up, and not where it hit", async () => {
    await proxy("cached-post", {
      answer: echoOfBody(),
      settings: { cacheOnlyHttpGetRequests: false },
    });
    await get("cached-post/a");
    const post = () => send("POST", "cached-post/a", { body: "x" });
    expect(labelOf(await post())).toBe("MISS");
    expect(labelOf(await get("cached-post/a"))).toBe("MISS");
    expect(labelOf(await post())).toBe("HIT");
    expect(labelOf(await get("cached-post/a"))).toBe("HIT");
  });
});

const text = "0123456789";
const etag = '"v1"';
const modified = "Sun, 06 Nov 1994 08:49:37 GMT";
const validators = { ETag: etag, "Last-Modified": modified };

describe("Range", () => {
  test("of a miss is answered by us, and not sent up", async () => {
    await proxy("range-miss", { answer: reply(text, validators), settings: {} });
    const part = await get("range-miss/a", { range: "bytes=2-4" });
    expect([part.status, part.headers.get("content-range")]).toEqual([
      206,
      "bytes 2-4/10",
    ]);
    expect(part.headers.get("content-length")).toBe("3");
    expect(await told(part)).toBe("MISS 234");
    expect(await told(await get("range-miss/a"))).toBe(`HIT ${text}`);
    const [call] = callsOf("/range-miss/");
    expect(call?.headers["range"]).toBeUndefined();
    expect(callsOf("/range-miss/")).toHaveLength(1);
  });

  test("of a hit is answered from what is stored", async () => {
    await proxy("range-hit", {
      answer: reply(text, { ...validators, "Content-Type": "text/plain" }),
      settings: {},
    });
    await get("range-hit/a");
    const ask = (range: string, headers = {}) =>
      get("range-hit/a", { range, ...headers });
    expect(await told(await ask("bytes=-3"))).toBe("HIT 789");
    expect(await told(await ask("bytes=8-"))).toBe("HIT 89");
    const several = await ask("bytes=0-1,8-9");
    expect(several.headers.get("content-type")).toStartWith("multipart/byteranges;");
    const parts = await several.text();
    expect(parts).toContain("Content-Range: bytes 0-1/10\r\n\r\n01\r\n");
    expect(parts).toContain("Content-Range: bytes 8-9/10\r\n\r\n89\r\n");
    const beyond = await ask("bytes=10-");
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([
      416,
      "bytes */10",
    ]);
    const unknown = await ask("lines=1-2");
    expect([unknown.status, await unknown.text()]).toEqual([200, text]);
    expect(await told(await ask("bytes=0-0", { "if-range": etag }))).toBe("HIT 0");
    const changed = await ask("bytes=0-0", { "if-range": '"v0"' });
    expect([changed.status, await changed.text()]).toEqual([200, text]);
    expect(callsOf("/range-hit/")).toHaveLength(1);
  });

  test("of a HEAD is passed over", async () => {
    await proxy("range-head", { answer: reply(text), settings: {} });
    await get("range-head/a");
    const head = await send("HEAD", "range-head/a", { headers: { range: "bytes=0-1" } });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
  });

  test("of a large body that comes slowly is cut out of the whole", async () => {
    const piece = Buffer.alloc(256 * 1024, "abcdefgh");
    await proxy("range-slow", {
      answer: (_, response) => {
        response.writeHead(200, { "Content-Length": `${8 * piece.length}` });
        let sent = 0;
        const next = () => {
          if (sent === 8) return response.end();
          sent += 1;
          response.write(piece);
          setTimeout(next, 10);
        };
        next();
      },
      settings: {},
    });
    const part = await get("range-slow/a", { range: "bytes=1048570-1048579" });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe("bytes 1048570-1048579/2097152");
    expect(await told(part)).toBe("MISS cdefghabcd");
    const again = await get("range-slow/a", { range: "bytes=-2" });
    expect(await told(again)).toBe("HIT gh");
  });

  test("of a body that is too large to keep is a right answer all the same", async () => {
    await proxy("range-large", {
      source: { max_body_bytes: 1_000 },
      answer: reply("x".repeat(5_000)),
      settings: {},
    });
    const answer = await get("range-large/a", { range: "bytes=0-9" });
    const body = await answer.text();
    expect([
      [206, 10],
      [200, 5_000],
    ]).toContainEqual([answer.status, body.length]);
  });

  test("of an answer that is not stored is not sent up either", async () => {
    await proxy("range-error", { answer: reply(text, {}, 500), settings: {} });
    const answer = await get("range-error/a", { range: "bytes=0-1" });
    expect([answer.status, await answer.text()]).toEqual([500, text]);
    expect(callsOf("/range-error/")[0]?.headers["range"]).toBeUndefined();
  });
});

describe("If-None-Match and If-Modified-Since", () => {
  const conditions = [
    ["if-none-match", etag],
    ["if-none-match", `W/${etag}, "other"`],
    ["if-none-match", "*"],
    ["if-modified-since", modified],
  ] as const;

  test.each(conditions)("%s: %s of a hit is answered with 304", async (name, value) => {
    const proxyName = `cond-${Bun.hash(name + value)}`;
    await proxy(proxyName, { answer: reply(text, validators), settings: {} });
    await get(`${proxyName}/a`);
    const same = await get(`${proxyName}/a`, { [name]: value });
    expect([same.status, same.headers.get("etag")]).toEqual([304, etag]);
    expect(await told(same)).toBe("HIT ");
    expect(callsOf(`/${proxyName}/`)).toHaveLength(1);
  });

  test.each(conditions)(
    "%s: %s of a miss too, and is not sent up",
    async (name, value) => {
      const proxyName = `cond-miss-${Bun.hash(name + value)}`;
      await proxy(proxyName, { answer: reply(text, validators), settings: {} });
      const same = await get(`${proxyName}/a`, { [name]: value });
      expect([same.status, labelOf(same)]).toEqual([304, "MISS"]);
      expect(callsOf(`/${proxyName}/`)[0]?.headers[name]).toBeUndefined();
      expect(await told(await get(`${proxyName}/a`))).toBe(`HIT ${text}`);
    },
  );

  test.each([
    ["if-none-match", '"v0"'],
    ["if-modified-since", "Sat, 05 Nov 1994 08:49:37 GMT"],
  ])("%s that does not hold is answered whole", async (name, value) => {
    const proxyName = `cond-whole-${name}`;
    await proxy(proxyName, { answer: reply(text, validators), settings: {} });
    const miss = await get(`${proxyName}/a`, { [name]: value });
    expect([miss.status, await told(miss)]).toEqual([200, `MISS ${text}`]);
    const hit = await get(`${proxyName}/a`, { [name]: value });
    expect([hit.status, await told(hit)]).toEqual([200, `HIT ${text}`]);
  });

  test.each([
    ["if-match", '"v0"', 412],
    ["if-match", etag, 200],
    ["if-unmodified-since", "Sat, 05 Nov 1994 08:49:37 GMT", 412],
    ["if-unmodified-since", modified, 200],
  ])("%s: %s is judged by us: %i", async (name, value, status) => {
    const proxyName = `cond-origin-${Bun.hash(name + value)}`;
    await proxy(proxyName, { answer: reply(text, validators), settings: {} });
    const miss = await get(`${proxyName}/a`, { [name]: value });
    expect(miss.status).toBe(status);
    const hit = await get(`${proxyName}/a`, { [name]: value });
    expect([hit.status, labelOf(hit)]).toEqual([status, "HIT"]);
    expect(callsOf(`/${proxyName}/`)).toHaveLength(1);
    expect(callsOf(`/${proxyName}/`)[0]?.headers[name]).toBeUndefined();
  });

  test("of a POST that is not cached go up to the origin", async () => {
    await proxy("cond-post", { answer: echoOfBody(), settings: {} });
    await send("POST", "cond-post/a", { body: "x", headers: { "if-match": etag } });
    expect(callsOf("/cond-post/")[0]?.headers["if-match"]).toBe(etag);
  });
});

describe("confirming what is stored", () => {
  test("an expired entry is asked for by its validators, and a 304 renews it for the ttl", async () => {
    await proxy("confirmed", {
      answer: (request, response) => {
        const isSame = request.headers["if-none-match"] === etag;
        reply(
          isSame ? "" : text,
          { ETag: etag, "X-Call": isSame ? "2" : "1" },
          isSame ? 304 : 200,
        )(request, response);
      },
      settings: { ttl: 60 },
    });
    const startedAt = performance.now();
    await get("confirmed/a");
    await plane.age(61_000);
    const confirmed = await get("confirmed/a");
    expect([confirmed.status, await told(confirmed)]).toEqual([200, `MISS ${text}`]);
    const status = "uni-cache;fwd=stale;fwd-status=304;stored;ttl=60";
    expect(statusSince(startedAt, confirmed, status)).toBe(status);
    const hit = await get("confirmed/a");
    expect(await told(hit)).toBe(`HIT ${text}`);
    expect(hit.headers.get("x-call")).toBe("2");
    expect(Number(hit.headers.get("age"))).toBeWithin(0, secondsSince(startedAt));
    expect(callsOf("/confirmed/")).toHaveLength(2);
  });

  test("a client's own condition is still judged by us then", async () => {
    await proxy("confirmed-304", {
      answer: (request, response) => {
        const isSame = request.headers["if-none-match"]?.includes(etag) === true;
        reply(isSame ? "" : text, { ETag: etag }, isSame ? 304 : 200)(request, response);
      },
      settings: { ttl: 60 },
    });
    await get("confirmed-304/a");
    await plane.age(61_000);
    const stale = await get("confirmed-304/a", { "if-none-match": '"old"' });
    expect([stale.status, await stale.text()]).toEqual([200, text]);
    await plane.age(61_000);
    const same = await get("confirmed-304/a", { "if-none-match": etag });
    expect(same.status).toBe(304);
  });

  test("a 304 that nobody asked for is an answer as any, and is not stored", async () => {
    await proxy("unasked", { answer: reply("", {}, 304), settings: {} });
    expect((await get("unasked/a")).status).toBe(304);
    expect(labelOf(await get("unasked/a"))).toBe("MISS");
  });
});

describe("stale-if-error", () => {
  const failing = async (name: string, fails: () => void) => {
    await proxy(name, {
      source: { stale_if_error_s: 100 },
      answer: numbered(),
      settings: { ttl: 60 },
    });
    await get(`${name}/a`);
    fails();
  };

  test.each([500, 502, 503, 504])(
    "an upstream that answers %i is stood in for within stale_if_error_s",
    async (status) => {
      const name = `stale-${status}`;
      const startedAt = performance.now();
      await failing(name, () => plane.answers.set(name, reply("broken", {}, status)));
      await plane.age(61_000);
      const stale = await get(`${name}/a`);
      expect([stale.status, await told(stale)]).toEqual([200, "STALE call 1"]);
      const said = `uni-cache;fwd=stale;fwd-status=${status};ttl=-1`;
      expect(statusSince(startedAt, stale, said)).toBe(said);
      expect(Number(stale.headers.get("age"))).toBeGreaterThanOrEqual(61);
    },
  );

  test("beyond stale_if_error_s the error itself is the answer", async () => {
    await failing("too-stale", () =>
      plane.answers.set("too-stale", reply("broken", {}, 500)),
    );
    await plane.age(161_000);
    const broken = await get("too-stale/a");
    expect([broken.status, await told(broken)]).toEqual([500, "MISS broken"]);
  });

  test("an upstream that breaks off or is silent is stood in for, then answered 502 and 504", async () => {
    const startedAt = performance.now();
    await failing("cut", () =>
      plane.answers.set("cut", (request) => void request.socket.destroy()),
    );
    await failing("silent", () => plane.answers.set("silent", () => {}));
    await plane.wait("silent", 300);
    await plane.age(61_000);
    for (const name of ["cut", "silent"]) {
      const stale = await get(`${name}/a`);
      expect(await told(stale)).toBe("STALE call 1");
      const said = 'uni-cache;fwd=stale;ttl=-1;detail="upstream failed"';
      expect(statusSince(startedAt, stale, said)).toBe(said);
    }
    await plane.age(100_000);
    const [cut, silent] = [await get("cut/a"), await get("silent/a")];
    expect([cut.status, silent.status]).toEqual([502, 504]);
    expect(await cut.json()).toMatchObject({ error: "bad_gateway" });
    expect(await silent.json()).toMatchObject({ error: "gateway_timeout" });
  });

  test("a body that breaks off is stood in for too, and never stored", async () => {
    await failing("half", () =>
      plane.answers.set("half", (_, response) => {
        response.writeHead(200, { "Content-Length": "100" });
        response.write("half", () => response.destroy());
      }),
    );
    await plane.age(61_000);
    // Where it breaks off late its beginning is out, and it breaks off for the client too.
    await eventually(
      () => get("half/a").then(told, () => "broken off"),
      (said) => said === "STALE call 1",
    );
  });

  test("an expired entry that the upstream no longer has is replaced by its 404", async () => {
    await failing("gone", () => plane.answers.set("gone", reply("gone", {}, 404)));
    await plane.age(61_000);
    const gone = await get("gone/a");
    expect([gone.status, await told(gone)]).toEqual([404, "MISS gone"]);
    expect(await told(await get("gone/a"))).toBe("HIT gone");
  });

  test("while it stands in the upstream is asked each time, and its recovery is seen at once", async () => {
    await failing("back", () => plane.answers.set("back", reply("broken", {}, 500)));
    await plane.age(61_000);
    expect(labelOf(await get("back/a"))).toBe("STALE");
    plane.answers.set("back", reply("well"));
    expect(await told(await get("back/a"))).toBe("MISS well");
  });
});

describe("headers of the entry", () => {
  test("Date is kept, Age counts from the answer, hop-by-hop ones are gone", async () => {
    const date = "Sun, 06 Nov 1994 08:49:37 GMT";
    await proxy("headers", {
      answer: reply("x", {
        Date: date,
        Age: "500",
        Connection: "X-Hop",
        "X-Hop": "1",
        "X-Kept": "2",
      }),
      settings: {},
    });
    await get("headers/a");
    await plane.age(10_000);
    const hit = await get("headers/a");
    expect(labelOf(hit)).toBe("HIT");
    expect(hit.headers.get("date")).toBe(date);
    expect(hit.headers.get("x-kept")).toBe("2");
    expect(hit.headers.get("x-hop")).toBeNull();
    expect(Number(hit.headers.get("age"))).toBeGreaterThanOrEqual(10);
  });
});

test("bytes are served as they came, whatever they are", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));
  await proxy("bytes", { answer: reply(bytes), settings: {} });
  for (const word of ["MISS", "HIT"]) {
    const answer = await get("bytes/a");
    expect(labelOf(answer)).toBe(word);
    expect(Buffer.from(await answer.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
  }
  await eventually(
    async () => callsOf("/bytes/").length,
    (calls) => calls === 1,
  );
});
