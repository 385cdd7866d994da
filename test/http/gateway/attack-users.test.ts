import { afterAll, describe, expect, test } from "bun:test";
import type { IncomingMessage, ServerResponse } from "node:http";
import { eventually, jsonOf } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import { readWhole, reply } from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { proxy, callsOf, service, upstream } = plane;
const { get, send } = readWhole(plane);

/** Says who asked for what, and how often it was asked. */
const asAsked =
  (headers: Record<string, string> = {}) =>
  (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.stringify({
      url: request.url,
      headers: request.headers,
      n: upstream.calls.length,
    });
    reply(body, { "content-type": "application/json", ...headers })(request, response);
  };

const label = (response: Response) => response.headers.get("X-UC-Cache");
const A = { authorization: "Basic YTph" };
const B = { authorization: "Basic Yjpi" };

describe("what one user asked for with credentials is not another's", () => {
  const credentials: readonly (readonly [string, string, string])[] = [
    ["Authorization", "Basic YTph", "Basic Yjpi"],
    ["Cookie", "sid=a", "sid=b"],
    ["X-API-Key", "a", "b"],
    ["apikey", "a", "b"],
    ["Ocp-Apim-Subscription-Key", "a", "b"],
    ["X-Auth-Token", "a", "b"],
    ["PRIVATE-TOKEN", "a", "b"],
    ["X-Amz-Security-Token", "a", "b"],
    ["X-Goog-Iap-Jwt-Assertion", "a", "b"],
  ];
  for (const cacheKeyType of ["QUERY_PARAMS", "CUSTOM"] as const) {
    const name = `users-${cacheKeyType.toLowerCase().replace("_", "-")}`;
    const variableList =
      cacheKeyType === "CUSTOM"
        ? [
            {
              name: "page",
              dataType: "STRING" as const,
              from: { type: "PARAMETER", paramType: "QUERY", paramName: "page" } as const,
            },
          ]
        : [];
    test.each(credentials)(`${cacheKeyType}: %s`, async (header, a, b) => {
      if (callsOf(`/${name}/`).length === 0) {
        await proxy(name, { settings: { ttl: 60, cacheKeyType, variableList } });
      }
      upstream.answer(asAsked());
      const path = `${name}/${header}?page=1`;
      const answers = [
        await get(path, { [header]: a }),
        await get(path, { [header]: b }),
        await get(path),
      ];
      expect(answers.map(label)).not.toContain("HIT");
      expect(callsOf(`/${name}/${header}`)).toHaveLength(3);
      // What nobody asked with credentials for is all the same not the answer to one who did.
      expect(label(await get(path, { [header]: a }))).toBe("MISS");
      expect(label(await get(path))).toBe("HIT");
    });
  }

  test("unless the origin says that all may have it", async () => {
    await proxy("shared", { settings: { ttl: 60 } });
    upstream.answer(asAsked({ "cache-control": "public" }));
    await get("shared/a", A);
    expect(label(await get("shared/a", B))).toBe("HIT");
  });

  test("`private` or `no-store` beside `public` does not allow it", async () => {
    await proxy("unsure", { settings: { ttl: 60 } });
    for (const said of ["public, private", "s-maxage=60, no-store"]) {
      upstream.answer(asAsked({ "cache-control": said }));
      const path = `unsure/${encodeURIComponent(said)}`;
      await get(path, A);
      expect(label(await get(path, B))).toBe("MISS");
    }
  });

  test("where it varies by them each has its own", async () => {
    await proxy("varied", { settings: { ttl: 60 } });
    upstream.answer(asAsked({ vary: "Authorization" }));
    for (const user of [A, B]) await get("varied/a", user);
    for (const user of [A, B]) {
      const answer = await get("varied/a", user);
      expect(label(answer)).toBe("HIT");
      expect((await jsonOf(answer)).headers).toMatchObject(user);
    }
    expect(label(await get("varied/a"))).toBe("MISS");
  });

  test("our session's cookie is none of them, and reaches nobody", async () => {
    await proxy("session", { settings: { ttl: 60 } });
    upstream.answer(asAsked());
    const first = await jsonOf(await get("session/a", { cookie: "uc_session=a" }));
    expect(first.headers.cookie).toBeUndefined();
    expect(label(await get("session/a", { cookie: "uc_session=b" }))).toBe("HIT");
  });

  test("a value of a credential stands nowhere in the store", async () => {
    await proxy("hashed", {
      settings: {
        ttl: 60,
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "who",
            dataType: "STRING",
            from: { type: "HEADER", headerName: "Authorization" },
          },
          {
            name: "key",
            dataType: "STRING",
            from: { type: "PARAMETER", paramType: "QUERY", paramName: "api_key" },
          },
        ],
      },
    });
    upstream.answer(reply("x", { vary: "Cookie" }));
    const asked = () =>
      get("hashed/a?api_key=very-secret-1", {
        authorization: "Bearer very-secret-2",
        cookie: "sid=very-secret-3",
      });
    await asked();
    expect(label(await asked())).toBe("HIT");
    const rows = await service.sql`select to_jsonb(entries)::text as text from entries`;
    expect(rows.length).toBeGreaterThan(0);
    for (const { text } of rows) expect(text).not.toContain("very-secret");
  });
});

describe("misses that come together", () => {
  test("of other credentials never share an answer", async () => {
    await proxy("together", { settings: { ttl: 60 } });
    const held: (() => void)[] = [];
    upstream.answer((request, response) => {
      held.push(() => response.end(request.headers.authorization ?? "nobody"));
    });
    const users = ["Basic YQ==", "Basic Yg==", undefined, "Basic Yw=="];
    const asked = users.map((user) =>
      get("together/a", user === undefined ? {} : { authorization: user }),
    );
    const release = setInterval(() => held.shift()?.(), 20);
    const answers = await Promise.all(asked);
    clearInterval(release);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    expect(texts).toEqual(users.map((user) => user ?? "nobody"));
  });

  test("of other values of what the answer varies by never share one", async () => {
    await proxy("languages", { settings: { ttl: 60 } });
    const held: (() => void)[] = [];
    upstream.answer((request, response) => {
      response.setHeader("Vary", "Accept-Language");
      held.push(() => response.end(request.headers["accept-language"]));
    });
    const languages = ["de", "en", "de", "fr", "en", "de"];
    const asked = languages.map((language) =>
      get("languages/a", { "accept-language": language }),
    );
    const release = setInterval(() => held.shift()?.(), 20);
    const answers = await Promise.all(asked);
    clearInterval(release);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(languages);
  });
});

describe("crafted requests", () => {
  test("no two different queries or paths have one key", async () => {
    await proxy("keys", { settings: { ttl: 60 } });
    upstream.answer(asAsked());
    const targets = [
      "keys/a",
      "keys/a?",
      "keys/a?x=1",
      "keys/a?x=1&",
      "keys/a?x=1&y=2",
      "keys/a?x=1%26y=2",
      "keys/a?x=1;y=2",
      "keys/a?x=1&x=2",
      "keys/a?x=2&x=1",
      "keys/a?x",
      "keys/a?x=",
      "keys/a?X=1",
      "keys/a?x=%31",
      "keys/a%3Fx=1",
      "keys/a/",
      "keys//a",
      "keys/A",
      "keys/%61",
      "keys/a%20b",
      "keys/a+b",
      "keys/a%00b",
      "keys/a%5C0020b",
      "keys/a?%5C0020",
      "keys/a%20HEAD%20/b",
    ];
    for (const target of targets) {
      const answer = await get(target);
      expect(label(answer), target).toBe("MISS");
    }
    expect(new Set(callsOf("/keys/").map(({ target }) => target)).size).toBe(
      targets.length,
    );
    for (const target of targets) {
      const answer = await get(target);
      expect(label(answer), target).toBe("HIT");
      const url = (await jsonOf(answer)).url as string;
      expect(url, target).toBe(
        new URL(`http://x/${target}`).href.slice("http://x".length),
      );
    }
  });

  test("a variable given twice does not put one's answer under another's key", async () => {
    await proxy("tenants", {
      settings: {
        ttl: 60,
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "tenant",
            dataType: "STRING",
            from: { type: "PARAMETER", paramType: "QUERY", paramName: "tenant" },
          },
          {
            name: "lang",
            dataType: "STRING",
            from: { type: "HEADER", headerName: "X-Lang" },
          },
        ],
      },
    });
    // As many a framework does: the last one counts.
    upstream.answer((request, response) => {
      const query = new URLSearchParams(request.url?.split("?")[1]);
      response.end(`${query.getAll("tenant").at(-1)} ${request.headers["x-lang"]}`);
    });
    await get("tenants/a?tenant=victim&tenant=attacker");
    expect(await (await get("tenants/a?tenant=victim")).text()).toBe("victim undefined");
    const twice = new Headers({ "x-as": "nobody" });
    for (const value of ["de", "evil"]) twice.append("x-lang", value);
    await send("GET", "tenants/b?tenant=1", { headers: Object.fromEntries(twice) });
    const answer = await get("tenants/b?tenant=1", { "x-lang": "de" });
    expect(await answer.text()).toBe("1 de");
  });

  test("values of variables that hold each other's separators keep apart", async () => {
    const names = ["one", "two"];
    await proxy("separators", {
      settings: {
        ttl: 60,
        cacheKeyType: "CUSTOM",
        variableList: names.map((name) => ({
          name,
          dataType: "STRING",
          from: { type: "PARAMETER", paramType: "QUERY", paramName: name },
        })),
      },
    });
    upstream.answer(asAsked());
    const pairs = [
      ["a", "b"],
      ["a 3:two=1:b", ""],
      ["a", "b 3:two=1:b"],
      ["", "a"],
      ["a", ""],
      [undefined, "a"],
      ["a", undefined],
      ["undefined", "a"],
      ["null", "a"],
      ["-", "a"],
      ["1:a", "b"],
      ["\\0020", "b"],
      [" ", "b"],
    ];
    for (const pair of pairs) {
      const query = pair.flatMap((value, index) =>
        value === undefined ? [] : [`${names[index]}=${encodeURIComponent(value)}`],
      );
      expect(label(await get(`separators/a?${query.join("&")}`)), query.join()).toBe(
        "MISS",
      );
    }
  });

  test("requests of one body and two types are two", async () => {
    await proxy("typed", { settings: { ttl: 60, cacheOnlyHttpGetRequests: false } });
    upstream.answer(asAsked());
    const post = (headers: Record<string, string>) =>
      send("POST", "typed/a", { body: "a=1", headers });
    for (const headers of [
      { "content-type": "text/plain" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-type": "text/plain", "content-encoding": "gzip" },
    ]) {
      expect(label(await post(headers))).toBe("MISS");
      expect(label(await post(headers))).toBe("HIT");
    }
  });

  test("what is wrong with one client's request is not kept for all", async () => {
    await proxy("wrong", { settings: { ttl: 60, cacheNullValue: true } });
    for (const status of [406, 408, 412, 413, 414, 415, 416, 417, 421, 426, 428, 431]) {
      upstream.answer((_, response) => response.writeHead(status).end("no"));
      expect((await get(`wrong/${status}`, { "x-long": "x".repeat(8_000) })).status).toBe(
        status,
      );
      upstream.answer(asAsked());
      expect((await get(`wrong/${status}`)).status, `${status}`).toBe(200);
    }
  });

  test("a Range, a condition or HEAD of one client spoils nothing for the next", async () => {
    upstream.answer((request, response) => {
      response.setHeader("ETag", '"v"');
      response.setHeader("Cache-Control", "max-age=60");
      if (request.headers["if-none-match"] === '"v"') response.writeHead(304).end();
      else if (request.headers.range === "bytes=0-1") {
        response.writeHead(206, { "content-range": "bytes 0-1/6" }).end("ab");
      } else response.end(request.method === "HEAD" ? undefined : "abcdef");
    });
    for (const [name, ttl] of [
      ["parts-ttl", 60],
      ["parts-rfc", undefined],
    ] as const) {
      await proxy(name, { settings: { ttl } });
      const first: readonly [string, Record<string, string>][] = [
        ["GET", { range: "bytes=0-1" }],
        ["GET", { "if-none-match": '"v"' }],
        ["HEAD", {}],
        ["GET", { range: "bytes=0-1", "if-range": '"v"' }],
        ["GET", { range: "bytes=900-" }],
        ["GET", { "if-match": '"other"' }],
        ["GET", { "if-modified-since": new Date().toUTCString() }],
      ];
      for (const [index, [method, headers]] of first.entries()) {
        await send(method, `${name}/${index}`, { headers });
        const answer = await get(`${name}/${index}`);
        expect(answer.status, `${name} ${method} ${JSON.stringify(headers)}`).toBe(200);
        expect(await answer.text()).toBe("abcdef");
      }
    }
    const partial = callsOf("/parts-ttl/").flatMap(({ headers }) =>
      Object.keys(headers).filter((name) => /^(?:range|if-)/.test(name)),
    );
    expect(partial).toEqual([]);
  });

  test("many variants of one resource make no answer slow, and stay few", async () => {
    await proxy("variants", { settings: { ttl: 60, capacity: 20 } });
    upstream.answer(asAsked({ vary: "X-Any" }));
    for (let from = 0; from < 150; from += 25) {
      await Promise.all(
        Array.from({ length: 25 }, async (_, index) => {
          await get("variants/a", { "x-any": `value ${from + index}` });
        }),
      );
    }
    const stored = () =>
      service.sql<{ n: number }[]>`
        select count(*)::int as n from entries
        where variant <> '' and response::text like '%x-any%'`.then(
        ([row]) => row?.n ?? -1,
      );
    expect(await stored()).toBeGreaterThan(0);
    expect(await eventually(stored, (n) => n <= 20)).toBeGreaterThan(0);
  });
});

describe("our own", () => {
  const restricted = async () => {
    const made = await service.send("POST", "/api/v1/tokens", {
      name: "restricted",
      role: "user",
      sources: ["session"],
    });
    return (await jsonOf(made)).token as string;
  };

  test("a token of other sources sees no proxy of this one", async () => {
    await proxy("closed", { proxy: { access: "TOKEN" } });
    const answer = await get("closed/a", { "x-api-key": await restricted() });
    expect(answer.status).toBe(404);
    expect(await jsonOf(answer)).toEqual({
      error: "not_found",
      error_description: "ApiProxy (name: closed) was not found!",
    });
    expect(callsOf("/closed/")).toEqual([]);
  });

  test("two different tokens at once are 400, and go nowhere", async () => {
    const [one, other] = [await restricted(), await restricted()];
    const answer = await get("session/two", {
      "x-api-key": one,
      authorization: `Bearer ${other}`,
    });
    expect(answer.status).toBe(400);
    expect(await jsonOf(answer)).toMatchObject({ error: "bad_request" });
    expect(callsOf("/session/two")).toEqual([]);
  });

  test("a TRACE shows the source's secrets to nobody", async () => {
    await proxy("traced", {
      source: {
        default_headers: { Authorization: "Bearer secret-of-source" },
        default_query: { key: "secret-in-query" },
      },
    });
    upstream.answer((request, response) => {
      const head = [request.url, ...request.rawHeaders].join("\r\n");
      response.writeHead(200, { "content-type": "message/http" }).end(head);
    });
    const answer = await service
      .request("/gw/shop/traced/a", {
        method: "TRACE",
        headers: { "x-as": "nobody" },
      })
      .catch(() => new Response(""));
    expect(await answer.text()).not.toContain("secret-");
  });

  test("Max-Forwards: 0 ends here", async () => {
    upstream.answer(asAsked());
    const answer = await send("OPTIONS", "session/forwards", {
      headers: { "max-forwards": "0" },
    });
    expect(answer.status).toBeLessThan(300);
    expect(callsOf("/session/forwards")).toEqual([]);
  });
});
