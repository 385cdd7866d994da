import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { adminToken } from "../support/service.ts";
import { until } from "./client.ts";
import { linesOf, rawUpstream, received, startGateway, statusOf } from "./gateway.ts";

const gateway = await startGateway();
const upstream = await rawUpstream();
await gateway.proxy("open", upstream.url, {
  source: {
    default_headers: { "X-Own": "ours" },
    default_query: { apikey: "s3cret" },
  },
});
await gateway.proxy("closed", upstream.url, { proxy: { access: "TOKEN" } });
afterAll(async () => {
  const said = gateway.api.complaints() + gateway.api.output();
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  expect(said).not.toMatch(/died|Unhandled|TypeError|at .*\.ts:\d/);
}, 120_000);
beforeEach(() => {
  upstream.requests.length = 0;
});

const HOST = "Host: gw.example\r\nConnection: close\r\n";
const ask = (target: string, lines = "", method = "GET") =>
  gateway.wire(`${method} ${target} HTTP/1.1\r\n${HOST}${lines}\r\n`);
const sentUp = () => upstream.requests.join("\n");
/** The target of the one request that went up. */
const targetUp = () => {
  expect(upstream.requests).toHaveLength(1);
  return upstream.requests[0]?.split(" ", 2)[1];
};

describe("our credentials stay here", () => {
  const token = adminToken;
  test.each([
    ["X-API-Key", `X-API-Key: ${token}\r\n`],
    ["X-API-Key in another case", `x-aPi-kEY: ${token}\r\n`],
    ["Bearer", `Authorization: Bearer ${token}\r\n`],
    ["bearer in another case", `aUTHORIZATION: bEARER   ${token}  \r\n`],
    ["Bearer behind a tab", `Authorization: Bearer\t${token}\r\n`],
    ["both", `X-API-Key: ${token}\r\nAuthorization: Bearer ${token}\r\n`],
    ["a second X-API-Key", `X-API-Key: ${token}\r\nX-API-Key: other\r\n`],
    ["a second X-API-Key before it", `X-API-Key: other\r\nX-API-Key: ${token}\r\n`],
    ["X-API-Key twice", `X-API-Key: ${token}\r\nX-API-Key: ${token}\r\n`],
    [
      "a second Authorization",
      `Authorization: Bearer ${token}\r\nAuthorization: Basic eA==\r\n`,
    ],
    [
      "a second Authorization before it",
      `Authorization: Basic eA==\r\nAuthorization: Bearer ${token}\r\n`,
    ],
    ["Bearer twice", `Authorization: Bearer ${token}, Bearer ${token}\r\n`],
    ["ours behind theirs", `X-API-Key: ${token}\r\nAuthorization: Basic eA==\r\n`],
    ["named by Connection", `X-API-Key: ${token}\r\nConnection: close, x-api-key\r\n`],
    ["Proxy-Authorization", `Proxy-Authorization: Bearer ${token}\r\n`],
  ])("of a public proxy: %s", async (_, lines) => {
    await ask("/gw/shop/open/a", lines);
    expect(sentUp()).not.toContain(token);
  });

  test.each([
    ["X-API-Key", `X-API-Key: ${token}\r\n`],
    ["Bearer", `Authorization: bearer ${token}\r\n`],
    ["both", `X-API-Key: ${token}\r\nAuthorization: Bearer ${token}\r\n`],
  ])("of a proxy that asks for a token: %s", async (_, lines) => {
    const answer = await ask("/gw/shop/closed/a", lines);
    expect(statusOf(answer)).toBe(200);
    expect(sentUp()).not.toContain(token);
  });

  test("the session's cookie, however many lines, and nobody else's", async () => {
    const cookies =
      "a=1\r\nCookie: uc_session=stolen\r\nCookie: b=2; uc_session=again; c=3";
    await ask("/gw/shop/open/a", `Cookie: ${cookies}\r\n`);
    expect(sentUp()).not.toContain("uc_session");
    expect(sentUp()).toMatch(/^cookie: a=1; b=2; c=3\r$/im);
  });

  test("the upstream's own Authorization goes up beside our key", async () => {
    const lines = `X-API-Key: ${token}\r\nAuthorization: Basic dXA6c3RyZWFt\r\n`;
    const answer = await ask("/gw/shop/closed/a", lines);
    expect(statusOf(answer)).toBe(200);
    expect(sentUp()).toMatch(/^authorization: Basic dXA6c3RyZWFt\r$/im);
    expect(sentUp()).not.toContain(token);
  });

  test("an upstream's own API key goes up through a public proxy", async () => {
    await ask("/gw/shop/open/a", "X-API-Key: theirs\r\n");
    expect(sentUp()).toMatch(/^x-api-key: theirs\r$/im);
  });

  test("a Digest with commas goes up as it is", async () => {
    const digest = 'Digest username="u", realm="r", nonce="n", uri="/a", response="x"';
    await ask("/gw/shop/open/a", `Authorization: ${digest}\r\n`);
    expect(sentUp()).toContain(digest);
  });

  test.each([
    ["no token", "", 401],
    ["an unknown key", "X-API-Key: uc_unknown\r\n", 401],
    [
      "an unknown key beside a good token",
      `X-API-Key: no\r\nAuthorization: Bearer ${token}\r\n`,
      401,
    ],
    ["a token in the query", "", 401],
    ["a session's cookie alone", "Cookie: uc_session=abc\r\n", 401],
  ])("a proxy that asks for a token answers %s with 401", async (name, lines, status) => {
    const query = name === "a token in the query" ? `?access_token=${token}` : "";
    const answer = await ask(`/gw/shop/closed/a${query}`, lines);
    expect(statusOf(answer)).toBe(status);
    expect(answer).toContain('{"error":"unauthorized_client"');
    expect(upstream.requests).toEqual([]);
  });
});

describe("what a client says of others does not go up", () => {
  test.each([
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Made-Up",
    "X-Real-IP",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
    "X_Forwarded_For",
    "X-Http_Method_Override",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Upgrade",
    "Expect-Nothing-But-Hop",
  ])("%s", async (name) => {
    const hop = name === "Expect-Nothing-But-Hop" ? `Connection: ${name}\r\n` : "";
    await ask("/gw/shop/open/a", `${name}: evil-value\r\n${hop}`);
    expect(targetUp()).toBe("/a?apikey=s3cret");
    expect(sentUp()).not.toContain("evil-value");
  });

  test("the source's headers win, whatever the client's case", async () => {
    await ask("/gw/shop/open/a", "x-oWN: theirs\r\nX-Own: theirs\r\n");
    expect(sentUp()).toContain("X-Own: ours\r\n");
    expect(sentUp()).not.toContain("theirs");
  });

  test("Host is the source's", async () => {
    await ask("/gw/shop/open/a");
    expect(sentUp()).toMatch(/^Host: 127\.0\.0\.1:\d+\r$/m);
    expect(sentUp()).not.toContain("gw.example");
  });

  test("two lines of Host are refused", async () => {
    const answer = await gateway.wire(
      "GET /gw/shop/open/a HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    );
    expect(statusOf(answer)).toBe(400);
    expect(upstream.requests).toEqual([]);
  });

  test("a request without Host is not taken for another path", async () => {
    for (const path of ["/gw/shop/open/a", "/gw/api/v1/healthz", "/x:/api/v1/healthz"]) {
      const answer = await gateway.wire(`GET ${path} HTTP/1.0\r\n\r\n`);
      expect(statusOf(answer), path).not.toBe(401);
      expect(answer, path).not.toContain('"status":"ok"');
    }
  });

  test("a request without Host is refused with the headers of every answer", async () => {
    const answer = await gateway.wire("GET /api/v1/healthz HTTP/1.0\r\n\r\n");
    expect(statusOf(answer)).toBe(400);
    expect(answer.toLowerCase()).toContain("x-content-type-options: nosniff\r\n");
  });

  test("an Upgrade is an ordinary request", async () => {
    const answer = await gateway.wire(
      "GET /gw/shop/open/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    expect(statusOf(answer)).toBe(200);
    expect(sentUp()).not.toMatch(/^(?:upgrade|connection: .*upgrade)/im);
  });

  test("Expect is answered here and stays here", async () => {
    const text = `POST /gw/shop/open/e HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi`;
    const answer = await gateway.wire(text);
    expect(answer).toContain("200 OK");
    expect(sentUp()).not.toMatch(/^expect:/im);
    expect(sentUp()).toMatch(/^Content-Length: 2\r$/m);
  });
});

describe("the path and the query", () => {
  const secret = "apikey=s3cret";
  test.each([
    ["/gw/shop/open/a?b=2&a=1&&c&a=%2F", `/a?b=2&a=1&&c&a=%2F&${secret}`],
    ["/gw/shop/open//a//b", `//a//b?${secret}`],
    ["/gw/shop/open/A%2fb%5Cc%2E%2e%2f", `/A%2fb%5Cc%2E%2e%2f?${secret}`],
    ["/gw/shop/open/..%2f..%2fx", `/..%2f..%2fx?${secret}`],
    ["/gw/shop/open/%zz%00", `/%zz%00?${secret}`],
    ["/gw/shop/open/a?x={y}|`%zz+%20", `/a?x={y}|\`%zz+%20&${secret}`],
    ["/gw/shop/open/x/../a", `/a?${secret}`],
    ["/gw/shop/open/x/%2e%2E/a", `/a?${secret}`],
    ["/gw/shop/open/x\\..\\a", `/a?${secret}`],
    ["/gw/shop/open", `/?${secret}`],
    ["/gw/shop/open?x=1", `/?x=1&${secret}`],
    ["/gw/shop/open/a#b?x=1", `/a?${secret}`],
    ["http://evil.example/gw/shop/open/a", `/a?${secret}`],
    [`/gw/shop/open/${"x".repeat(12_000)}`, `/${"x".repeat(12_000)}?${secret}`],
  ])("%s goes up as %s", async (target, up) => {
    await ask(target);
    expect(targetUp()).toBe(up);
  });

  test.each([
    ["/gw/../api/v1/sources", 401],
    ["/gw/shop/open/../../../api/v1/sources", 401],
    ["/gw/shop/open/%2e%2e/%2e%2e/%2e%2e/api/v1/sources", 401],
    ["/gw/..\\api\\v1\\sources", 401],
    ["http://evil.example/api/v1/sources", 401],
    ["/api/v1/../../gw/shop/nothing/a", 404],
    ["/gw/shop/open/../closed/a", 401],
    ["/gw/shop%2Fopen/a", 404],
    ["/gw/%zz/open/a", 400],
    ["/gw//", 404],
    ["/gw", 404],
    ["/gw/x", 404],
    ["/gw/shop", 404],
    ["/gw/SHOP/open/a", 404],
    ["/gw/shop/Open/a", 404],
  ])("%s is none of the proxy's: %d", async (target, status) => {
    const answer = await ask(target);
    expect(statusOf(answer)).toBe(status);
    expect(upstream.requests).toEqual([]);
  });

  test("a client's own value of a secret parameter is its own", async () => {
    await ask("/gw/shop/open/a?%61pikey=mine");
    expect(targetUp()).toBe("/a?%61pikey=mine");
  });

  test("what is unknown is said in the gateway's words", async () => {
    expect(await ask("/gw/x/y/z")).toEndWith(
      '{"error":"not_found","error_description":"Project (name: x) was not found!"}',
    );
    expect(await ask("/gw/shop/y/z")).toEndWith(
      '{"error":"not_found","error_description":"ApiProxy (name: y) was not found!"}',
    );
  });
});

describe("a connection that is used again", () => {
  const inner =
    "GET /gw/shop/open/smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  test.each([
    [
      "two framings",
      `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`,
      `0\r\n\r\n${inner}`,
    ],
    ["two lengths", `Content-Length: 0\r\nContent-Length: ${inner.length}\r\n`, inner],
    ["a list of lengths", `Content-Length: 0, ${inner.length}\r\n`, inner],
    ["a signed length", `Content-Length: +${inner.length}\r\n`, inner],
    ["a coding that is none", `Transfer-Encoding: xchunked\r\n`, `0\r\n\r\n${inner}`],
    ["two codings", `Transfer-Encoding: chunked, identity\r\n`, `0\r\n\r\n${inner}`],
    ["a space before the colon", `Transfer-Encoding : chunked\r\n`, `0\r\n\r\n${inner}`],
    ["a bare LF", `X: y\nContent-Length: 0\r\nContent-Length: 3\r\n`, `abc${inner}`],
  ])("takes no request out of a body: %s", async (_, lines, body) => {
    await gateway.wire(
      `POST /gw/shop/open/outer HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`,
      500,
    );
    expect(sentUp()).not.toContain("GET /smuggled");
  });

  test.each(["/gw/nothing/x/y", "/gw/shop/closed/a", "/gw/shop/open/a"])(
    "takes no request out of a body that nobody reads: POST %s",
    async (path) => {
      // The runtime closes a connection on which a second request comes before the first's answer.
      const client = await gateway.open();
      const all = received(client);
      let heard = "";
      client.on("data", (piece) => (heard += piece.toString("latin1")));
      client.write(
        `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
      );
      await until(
        () => heard,
        (text) => /\r\n\r\n./.test(text),
      );
      client.write(`GET /gw/shop/open/next HTTP/1.1\r\n${HOST}\r\n`);
      const answer = await all;
      expect(sentUp()).not.toMatch(/^GET \/smuggled/m);
      expect(sentUp()).toMatch(/^GET \/next/m);
      expect(answer.match(/HTTP\/1\.1 \d+ [A-Z]/g)).toHaveLength(2);
    },
  );
});

describe("values of headers", () => {
  test("above 0x7F go up byte for byte", async () => {
    await ask("/gw/shop/open/a", "X-Name: caf\xe9 \xff\r\n");
    expect(sentUp()).toMatch(/^x-name: caf\xe9 \xff\r$/im);
  });

  test.each(["\x01", "\x7f", "\x0b", "\0"])(
    "with the control character %j are the client's error, not the upstream's",
    async (character) => {
      const answer = await ask("/gw/shop/open/a", `X-Name: a${character}b\r\n`);
      expect(statusOf(answer)).toBe(400);
      expect(upstream.requests).toEqual([]);
    },
  );
});

describe("methods", () => {
  test.each(["PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE"])(
    "%s goes up",
    async (method) => {
      const answer = await ask("/gw/shop/open/m", "", method);
      expect(statusOf(answer)).toBe(200);
      expect(sentUp()).toStartWith(`${method} /m`);
    },
  );

  test("CONNECT does not", async () => {
    const answer = await ask("/gw/shop/open/m", "", "CONNECT");
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(upstream.requests).toEqual([]);
  });

  test("HEAD of a refusal does not claim that there is no body", async () => {
    const [head, get] = [await ask("/gw/x", "", "HEAD"), await ask("/gw/x")];
    expect(statusOf(head)).toBe(404);
    expect(head).toEndWith("\r\n\r\n");
    expect([...linesOf(head, "content-length"), "none"][0]).toBeOneOf([
      linesOf(get, "content-length")[0] ?? "",
      "none",
    ]);
  });

  test("a body of DELETE and of chunks goes up whole", async () => {
    await gateway.wire(
      `DELETE /gw/shop/open/d HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
    );
    expect(sentUp()).toEndWith("\r\n\r\nhello");
  });
});
