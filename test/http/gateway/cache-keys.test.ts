/**
 * Contract §7.3: what tells one entry of the data plane from another.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type {
  ContextValue,
  Variable,
} from "../../../src/domain/api-proxy/cache-settings.ts";
import { dataPlane } from "./data-plane-service.ts";
import {
  echoOf,
  echoOfBody,
  labelOf,
  numbered,
  readWhole,
  reply,
  statusOf,
  told,
} from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy } = plane;
const { get, send } = readWhole(plane);

type From = Variable["from"];
const context = (contextValue: ContextValue): From => ({
  type: "CONTEXT_VALUES",
  contextValue,
});
let made = 0;
/** A proxy of its own with a key of this one variable; asks through it. */
const keyedBy = async (
  from: From,
  dataType: Variable["dataType"] = "STRING",
  endpoint?: string,
) => {
  const name = `keyed-${++made}`;
  const settings = {
    cacheKeyType: "CUSTOM",
    cacheOnlyHttpGetRequests: false,
    variableList: [{ name: "v", dataType, from }],
  } as const;
  await proxy(name, {
    answer: numbered(),
    ...(endpoint === undefined
      ? { settings }
      : { endpoints: [{ name: endpoint, httpMethod: "ALL", settings }] }),
  });
  return async (
    path: string,
    init: RequestInit & { method?: string } = {},
    peer = "",
  ) => {
    const headers = { "x-as": "nobody", ...init.headers } as Record<string, string>;
    const request = { ...init, headers };
    const answer = await plane.service.request(
      `/gw/shop/${name}/${path}`,
      request,
      ...(peer === "" ? [] : [peer]),
    );
    return told(answer);
  };
};

describe("QUERY_PARAMS", () => {
  test("the method, the path and the sorted query make the key", async () => {
    await proxy("query", { answer: numbered(), settings: {} });
    expect(await told(await get("query/a?b=2&a=1"))).toBe("MISS call 1");
    expect(await told(await get("query/a?a=1&b=2"))).toBe("HIT call 1");
    expect(await told(await get("query/A?a=1&b=2"))).toBe("MISS call 2");
    expect(await told(await get("query/a/?a=1&b=2"))).toBe("MISS call 3");
    expect(await told(await get("query//a?a=1&b=2"))).toBe("MISS call 4");
    expect(await told(await get("query/%61?a=1&b=2"))).toBe("MISS call 5");
  });

  test("values of one name keep their order, since that may mean something", async () => {
    await proxy("ordered", { answer: numbered(), settings: {} });
    expect(await told(await get("ordered/a?x=1&x=2&b=3"))).toBe("MISS call 1");
    expect(await told(await get("ordered/a?b=3&x=1&x=2"))).toBe("HIT call 1");
    expect(await told(await get("ordered/a?x=2&x=1&b=3"))).toBe("MISS call 2");
  });

  test("a crafted query is never another one", async () => {
    await proxy("crafted", { answer: numbered(), settings: {} });
    const queries = [
      "a=1&b=2",
      "a=1%26b=2",
      "a=1%26b%3D2",
      "a=1;b=2",
      "a=&1b=2",
      "a&b=2",
    ];
    for (const [index, query] of queries.entries()) {
      expect(await told(await get(`crafted/p?${query}`))).toBe(`MISS call ${index + 1}`);
    }
    const path = await get("crafted/p%3Fa=1&b=2");
    expect(await told(path)).toBe(`MISS call ${queries.length + 1}`);
  });

  test("the query goes up in the order it came in", async () => {
    await proxy("untouched", { settings: {} });
    await get("untouched/a?z=1&a=%7e&m");
    expect(callsOf("/untouched/").map(({ target }) => target)).toEqual([
      "/untouched/a?z=1&a=%7e&m",
    ]);
  });

  test("a header is no part of it", async () => {
    await proxy("headless", { answer: numbered(), settings: {} });
    await get("headless/a", { "x-user": "ann" });
    expect(await told(await get("headless/a", { "x-user": "bob" }))).toBe("HIT call 1");
  });
});

describe("CUSTOM", () => {
  test("HEADER: the header that is named, in whatever case", async () => {
    const ask = await keyedBy({ type: "HEADER", headerName: "X-Tenant" });
    expect(await ask("a", { headers: { "x-tenant": "1" } })).toBe("MISS call 1");
    expect(await ask("a", { headers: { "X-TENANT": "1" } })).toBe("HIT call 1");
    expect(await ask("a", { headers: { "x-tenant": "2" } })).toBe("MISS call 2");
  });

  test("HEADER: a missing one is a value of its own, not an empty one", async () => {
    const ask = await keyedBy({ type: "HEADER", headerName: "X-Tenant" });
    expect(await ask("a")).toBe("MISS call 1");
    expect(await ask("a", { headers: { "x-tenant": "" } })).toBe("MISS call 2");
    expect(await ask("a")).toBe("HIT call 1");
  });

  test("PARAMETER QUERY: the first of its name, decoded", async () => {
    const ask = await keyedBy({ type: "PARAMETER", paramType: "QUERY", paramName: "id" });
    expect(await ask("a?id=%61")).toBe("MISS call 1");
    expect(await ask("a?x=9&id=a")).toBe("HIT call 1");
    expect(await ask("a?id=a&id=2")).toBe("HIT call 1");
    expect(await ask("a")).toBe("MISS call 2");
    expect(await ask("a?id=")).toBe("MISS call 3");
  });

  test("PARAMETER QUERY: what is asked with two values is not stored for the first", async () => {
    const ask = await keyedBy({ type: "PARAMETER", paramType: "QUERY", paramName: "id" });
    expect(await ask("a?id=1&id=2")).toBe("MISS call 1");
    expect(await ask("a?id=1")).toBe("MISS call 2");
    expect(await ask("a?id=1")).toBe("HIT call 2");
  });

  test("PARAMETER PATH: the endpoint's segment of that name", async () => {
    const from = { type: "PARAMETER", paramType: "PATH", paramName: "id" } as const;
    const ask = await keyedBy(from, "STRING", "/users/{id}/posts/{post}");
    expect(await ask("users/1/posts/a?x=1")).toBe("MISS call 1");
    expect(await ask("users/1/posts/a?x=2")).toBe("HIT call 1");
    expect(await ask("users/2/posts/a")).toBe("MISS call 2");
    const { key, params } = await lastRow();
    expect(key).toContain("users/2/posts/a");
    expect(params).toMatchObject({ v: "2" });
  });

  test("PARAMETER FORM: the field of a form", async () => {
    const ask = await keyedBy({ type: "PARAMETER", paramType: "FORM", paramName: "id" });
    const form = (body: string) => ({
      method: "POST",
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
    expect(await ask("a", form("id=1"))).toBe("MISS call 1");
    expect(await ask("a", form("id=1"))).toBe("HIT call 1");
    expect(await ask("a", form("id=2"))).toBe("MISS call 2");
    expect((await lastRow()).params).toMatchObject({ v: "2" });
    // The body as a whole is part of the key besides.
    expect(await ask("a", form("id=2&x=1"))).toBe("MISS call 3");
  });

  test("BODY: what the JSON path names", async () => {
    const ask = await keyedBy({ type: "BODY", jsonPathValue: "$.user.ids[1]" });
    const json = (value: unknown) => ({
      method: "POST",
      body: JSON.stringify(value),
      headers: { "content-type": "application/json" },
    });
    expect(await ask("a", json({ user: { ids: [1, 2] } }))).toBe("MISS call 1");
    expect(await ask("a", json({ user: { ids: [1, 2] } }))).toBe("HIT call 1");
    expect((await lastRow()).params).toMatchObject({ v: "2" });
    expect(await ask("a", json({ user: { ids: [1, 3] } }))).toBe("MISS call 2");
  });

  test("BODY: the body that was read for the key goes up all the same", async () => {
    const name = `keyed-body`;
    await proxy(name, {
      answer: echoOfBody(),
      settings: {
        cacheKeyType: "CUSTOM",
        cacheOnlyHttpGetRequests: false,
        variableList: [
          { name: "v", dataType: "STRING", from: { type: "BODY", jsonPathValue: "$.a" } },
        ],
      },
    });
    const body = JSON.stringify({ a: 1, b: "x".repeat(70_000) });
    const answer = await send("POST", `${name}/a`, { body });
    expect(await answer.text()).toBe(`POST ${body} 1`);
  });

  const contexts: readonly (readonly [ContextValue, (proxyName: string) => string])[] = [
    ["REQUEST_HTTP_METHOD", () => "GET"],
    ["REQUEST_REMOTE_ADDRESS", () => "127.0.0.1"],
    ["REQUEST_PATH_INFO", () => "/a/b"],
    ["REQUEST_QUERY_STRING", () => "y=1&x=2"],
    ["REQUEST_REQUEST_URI", (name) => `/gw/shop/${name}/a/b`],
    ["REQUEST_SERVER_NAME", () => "shop.example"],
    ["REQUEST_SCHEME", () => "http"],
    ["REQUEST_CONTENT_TYPE", () => "text/plain"],
    ["APIPROXY_NAME", (name) => name],
    ["ENDPOINT", () => "/a/{x}"],
    ["HTTPMETHOD", () => "ALL"],
  ];
  test.each(contexts)("CONTEXT_VALUES: %s", async (contextValue, valueFor) => {
    const ask = await keyedBy(context(contextValue), "STRING", "/a/{x}");
    const headers = { "content-type": "text/plain", host: "Shop.Example:8080" };
    expect(await ask("a/b?y=1&x=2", { headers })).toBe("MISS call 1");
    expect(await ask("a/b?y=1&x=2", { headers })).toBe("HIT call 1");
    expect((await lastRow()).params["v"]).toBe(valueFor(`keyed-${made}`));
  });

  test("CONTEXT_VALUES: another value is another entry", async () => {
    const byPeer = await keyedBy(context("REQUEST_REMOTE_ADDRESS"));
    expect(await byPeer("a", {}, "192.0.2.1")).toBe("MISS call 1");
    expect(await byPeer("a", {}, "192.0.2.2")).toBe("MISS call 2");
    expect(await byPeer("a", {}, "192.0.2.1")).toBe("HIT call 1");

    const byType = await keyedBy(context("REQUEST_CONTENT_TYPE"));
    expect(await byType("a", { headers: { "content-type": "a/b" } })).toBe("MISS call 1");
    expect(await byType("a", { headers: { "content-type": "a/c" } })).toBe("MISS call 2");

    const byQuery = await keyedBy(context("REQUEST_QUERY_STRING"));
    expect(await byQuery("a?x=1&y=2")).toBe("MISS call 1");
    expect(await byQuery("a?y=2&x=1")).toBe("MISS call 2");

    const byHost = await keyedBy(context("REQUEST_SERVER_NAME"));
    expect(await byHost("a", { headers: { host: "one.example" } })).toBe("MISS call 1");
    expect(await byHost("a", { headers: { host: "ONE.example:81" } })).toBe("HIT call 1");
    expect(await byHost("a", { headers: { host: "two.example" } })).toBe("MISS call 2");
  });

  test("a variable's value is never another's, whatever stands in it", async () => {
    await proxy("pairs", {
      answer: numbered(),
      settings: {
        cacheKeyType: "CUSTOM",
        variableList: ["a", "b"].map((name) => ({
          name,
          dataType: "STRING" as const,
          from: { type: "PARAMETER", paramType: "QUERY", paramName: name } as const,
        })),
      },
    });
    const values = [
      ["1", "2"],
      ["1 1:b=1:2", ""],
      ["12", ""],
      ["", "12"],
      ["1\\0020", "2"],
      ["1 ", "2"],
      ["1\u0000", "2"],
      ["1%00", "2"],
    ];
    for (const [index, [a = "", b = ""]] of values.entries()) {
      const query = new URLSearchParams({ a, b }).toString();
      expect(await told(await get(`pairs/p?${query}`))).toBe(`MISS call ${index + 1}`);
    }
  });
});

describe("dataType", () => {
  const query = { type: "PARAMETER", paramType: "QUERY", paramName: "v" } as const;

  test("STRING: as it is", async () => {
    const ask = await keyedBy(query, "STRING");
    expect(await ask("a?v=1")).toBe("MISS call 1");
    expect(await ask("a?v=01")).toBe("MISS call 2");
    expect(await ask("a?v=1.0")).toBe("MISS call 3");
  });

  test("NUMERIC: one number, however it is spelt; what is no number as it is", async () => {
    const ask = await keyedBy(query, "NUMERIC");
    expect(await ask("a?v=1")).toBe("MISS call 1");
    expect(await ask("a?v=01.0")).toBe("HIT call 1");
    expect(await ask("a?v=%2B10e-1")).toBe("HIT call 1");
    expect(await ask("a?v=one")).toBe("MISS call 2");
    expect(await ask("a?v=One")).toBe("MISS call 3");
    expect(await ask("a?v=9007199254740993")).toBe("MISS call 4");
    expect(await ask("a?v=9007199254740992")).toBe("MISS call 5");
  });

  test("DATE: one instant, however it is spelt; what is no date as it is", async () => {
    const ask = await keyedBy(query, "DATE");
    expect(await ask("a?v=2026-03-01T02:00:00%2B02:00")).toBe("MISS call 1");
    expect(await ask("a?v=2026-03-01T00:00:00.000Z")).toBe("HIT call 1");
    expect(await ask("a?v=2026-03-01T02:00:00Z")).toBe("MISS call 2");
    expect(await ask("a?v=tomorrow")).toBe("MISS call 3");
    expect(await ask("a?v=2026-02-30")).toBe("MISS call 4");
  });
});

describe("methods", () => {
  test("HEAD is answered from what GET has stored", async () => {
    await proxy("head", { answer: numbered({ etag: '"1"' }), settings: {} });
    expect(labelOf(await get("head/a"))).toBe("MISS");
    const head = await send("HEAD", "head/a");
    expect(await told(head)).toBe("HIT ");
    expect(head.headers.get("content-length")).toBe("6");
    expect(head.headers.get("etag")).toBe('"1"');
    expect(callsOf("/head/")).toHaveLength(1);
  });

  test("HEAD that finds nothing goes up as HEAD and stores nothing", async () => {
    await proxy("head-first", { answer: numbered(), settings: {} });
    expect(await told(await send("HEAD", "head-first/a"))).toBe("MISS ");
    expect(await told(await get("head-first/a"))).toBe("MISS call 2");
    expect(callsOf("/head-first/").map(({ method }) => method)).toEqual(["HEAD", "GET"]);
  });

  test("methods other than GET and HEAD add a hash of the body", async () => {
    await proxy("hashed", {
      answer: echoOfBody(),
      settings: { cacheOnlyHttpGetRequests: false },
    });
    const post = (body?: string) =>
      send("POST", "hashed/a", body === undefined ? {} : { body }).then(told);
    expect(await post("x")).toBe("MISS POST x 1");
    expect(await post("y")).toBe("MISS POST y 2");
    expect(await post()).toBe("MISS POST  3");
    expect(await post("")).toBe("HIT POST  3");
    expect(await post("x")).toBe("HIT POST x 1");
    expect((await send("PUT", "hashed/a", { body: "x" }).then(told)).slice(0, 4)).toBe(
      "MISS",
    );
  });

  test("a body of exactly 1 MiB is part of a key, one byte more is not cached and goes up whole", async () => {
    await proxy("large", {
      answer: (request, response) => {
        let length = 0;
        request.on("data", (piece: Buffer) => (length += piece.length));
        request.on("end", () => response.end(`${length}`));
      },
      settings: { cacheOnlyHttpGetRequests: false },
    });
    const post = (length: number) =>
      send("POST", "large/a", { body: "x".repeat(length) });
    expect(await told(await post(1_048_576))).toBe("MISS 1048576");
    expect(await told(await post(1_048_576))).toBe("HIT 1048576");
    const [one, two] = [await post(1_048_577), await post(1_048_577)];
    expect(await told(one)).toBe("BYPASS 1048577");
    expect(await told(two)).toBe("BYPASS 1048577");
    expect(statusOf(two)).toBe(
      'uni-cache;fwd=bypass;detail="request body too large for a key"',
    );
  });
});

describe.each(["QUERY_PARAMS", "CUSTOM"] as const)("Vary under %s", (cacheKeyType) => {
  const settings = {
    cacheKeyType,
    variableList: [
      {
        name: "v",
        dataType: "STRING",
        from: { type: "PARAMETER", paramType: "QUERY", paramName: "v" },
      },
    ],
  } as const;
  const name = `varied-${cacheKeyType.toLowerCase()}`;

  test("adds the headers it names", async () => {
    await proxy(name, { answer: echoOf("x-lang", { Vary: "X-Lang" }), settings });
    const ask = (lang?: string) =>
      get(`${name}/a?v=1`, lang === undefined ? {} : { "x-lang": lang }).then(told);
    expect(await ask("de")).toBe("MISS de");
    expect(await ask("en")).toBe("MISS en");
    expect(await ask()).toBe("MISS none");
    expect([await ask("de"), await ask("en"), await ask()]).toEqual([
      "HIT de",
      "HIT en",
      "HIT none",
    ]);
  });

  test("a miss of a variant says so", async () => {
    const answer = await get(`${name}/a?v=1`, { "x-lang": "fr" });
    expect(statusOf(answer)).toMatch(/^uni-cache;fwd=vary-miss;stored/);
  });

  test("Vary: * is never stored", async () => {
    const star = `${name}-star`;
    await proxy(star, { answer: numbered({ Vary: "Accept, *" }), settings });
    await get(`${star}/a?v=1`);
    const again = await get(`${star}/a?v=1`);
    expect(await told(again)).toBe("MISS call 2");
    expect(statusOf(again)).toBe('uni-cache;fwd=uri-miss;detail="Vary: *"');
  });
});

test("Vary: a coded answer is not given to a client that did not ask for the coding", async () => {
  await proxy("coded", {
    answer: (request, response) => {
      const takes = `${request.headers["accept-encoding"] ?? ""}`.includes("gzip");
      reply(
        takes ? Bun.gzipSync("plain") : "plain",
        takes ? { "Content-Encoding": "gzip" } : {},
      )(request, response);
    },
    settings: {},
  });
  const coded = await get("coded/a", { "accept-encoding": "gzip" });
  expect(coded.headers.get("content-encoding")).toBe("gzip");
  const plain = await get("coded/a", { "accept-encoding": "identity" });
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect(await told(plain)).toBe("MISS plain");
});

/** Of what the gateway stored last. */
async function lastRow(): Promise<{ key: string; params: Record<string, string> }> {
  const [row] = await plane.service.sql<
    { key: string; params: Record<string, string> }[]
  >`
    select key, params from entries where space like 'g%' order by used_at desc, request_at desc limit 1`;
  if (row === undefined) throw new Error("Nothing is stored");
  return row;
}
