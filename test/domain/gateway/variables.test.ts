import { describe, expect, test } from "bun:test";
import type {
  Variable,
  VariableSource,
} from "../../../src/domain/api-proxy/cache-settings.ts";
import { CONTEXT_VALUES } from "../../../src/domain/api-proxy/cache-settings.ts";
import {
  isCredentialHeader,
  isCredentialParameter,
} from "../../../src/domain/gateway/credential-headers.ts";
import {
  readsBody,
  type RequestFacts,
  type VariableValue,
  variableValues,
} from "../../../src/domain/gateway/variables.ts";

const facts: RequestFacts = {
  method: "HEAD",
  headers: [
    ["X-User", "bob"],
    ["x-user", "eve"],
    ["Empty", ""],
    ["Authorization", "Bearer geheim"],
    ["Content-Type", "application/json"],
  ],
  path: "/api/users/7",
  query: "lang=tr&lang=en&n=07&none&bad=%FF&sp=a+b%20c",
  pathParams: { id: "7" },
  body: Buffer.from('{"user": {"name": "Ada", "age": 36, "tags": ["x"]}, "none": null}'),
  remoteAddress: "192.0.2.1",
  requestUri: "/gw/shop/orders/api/users/7",
  serverName: "API.Example",
  scheme: "https",
  apiProxyName: "orders",
  endpoint: { name: "/api/users/{id}", httpMethod: "ALL" },
};
const hash = (text: string) => `hash of ${text.length}`;

const valueOf = (
  from: VariableSource,
  dataType: Variable["dataType"] = "STRING",
  changes: Partial<RequestFacts> = {},
) =>
  variableValues([{ name: "v", dataType, from }], { ...facts, ...changes }, hash)[0]
    ?.value;

const header = (headerName: string): VariableSource => ({ type: "HEADER", headerName });
const parameter = (
  paramType: "QUERY" | "PATH" | "FORM",
  paramName: string,
): VariableSource => ({ type: "PARAMETER", paramType, paramName });
const body = (jsonPathValue: string): VariableSource => ({ type: "BODY", jsonPathValue });
const text = (value: string) => ({ _tag: "Text", text: value }) as const;
const missing = { _tag: "Missing" } as const;

describe("variableValues()", () => {
  test.each<[string, VariableSource, VariableValue]>([
    ["the first line of a header in any case", header("x-USER"), text("bob")],
    ["an empty header, which is not a missing one", header("empty"), text("")],
    ["a missing header", header("x-none"), missing],
    ["the first of a query's", parameter("QUERY", "lang"), text("tr")],
    ["a query's without a value", parameter("QUERY", "none"), text("")],
    ["a query's decoded", parameter("QUERY", "sp"), text("a b c")],
    [
      "one that can't be decoded",
      parameter("QUERY", "bad"),
      { _tag: "Undecodable", text: "%FF" },
    ],
    ["a missing one of a query", parameter("QUERY", "Lang"), missing],
    ["a path's", parameter("PATH", "id"), text("7")],
    ["a missing one of a path", parameter("PATH", "constructor"), missing],
    ["a form's where the body is none", parameter("FORM", "user"), missing],
    ["text in the body", body("$.user.name"), text("Ada")],
    ["a number in the body", body("$.user.age"), text("36")],
    ["what is made of several", body("$.user.tags"), text('["x"]')],
    ["null, which is not a missing one", body("$.none"), text("null")],
    ["a missing member", body("$.user.none"), missing],
  ])("finds %s", (_, from, value) => {
    expect(valueOf(from)).toEqual(value);
  });

  test("finds the fields of a form", () => {
    const form = {
      headers: [
        ["content-type", "application/x-www-form-urlencoded; charset=utf-8"],
      ] as const,
      body: Buffer.from("user=J%C3%B6rg+B&user=2"),
    };

    expect(valueOf(parameter("FORM", "user"), "STRING", form)).toEqual(text("Jörg B"));
    expect(valueOf(parameter("FORM", "none"), "STRING", form)).toEqual(missing);
  });

  test.each(["", "{", "[".repeat(100_000)])(
    "finds nothing in a body that is no JSON",
    (json) => {
      expect(valueOf(body("$.a"), "STRING", { body: Buffer.from(json) })).toEqual(
        missing,
      );
      expect(valueOf(body("$.a"), "STRING", { body: undefined })).toEqual(missing);
    },
  );

  test("gives every context value; a HEAD counts as the GET that it is answered from", () => {
    const values = CONTEXT_VALUES.map((contextValue) => [
      contextValue,
      valueOf({ type: "CONTEXT_VALUES", contextValue }),
    ]);

    expect(Object.fromEntries(values)).toEqual({
      REQUEST_HTTP_METHOD: text("GET"),
      REQUEST_REMOTE_ADDRESS: text("192.0.2.1"),
      REQUEST_PATH_INFO: text("/api/users/7"),
      REQUEST_QUERY_STRING: text(facts.query ?? ""),
      REQUEST_REQUEST_URI: text("/gw/shop/orders/api/users/7"),
      REQUEST_SERVER_NAME: text("api.example"),
      REQUEST_SCHEME: text("https"),
      REQUEST_CONTENT_TYPE: text("application/json"),
      APIPROXY_NAME: text("orders"),
      ENDPOINT: text("/api/users/{id}"),
      HTTPMETHOD: text("ALL"),
    });
  });

  test("makes numbers and dates canonical where they parse, and leaves them else", () => {
    expect(valueOf(parameter("QUERY", "n"), "NUMERIC")).toEqual({
      _tag: "Canonical",
      text: "7",
    });
    expect(valueOf(parameter("QUERY", "lang"), "NUMERIC")).toEqual(text("tr"));
    expect(valueOf(header("x-none"), "NUMERIC")).toEqual(missing);
  });

  test("shows a credential as a hash only", () => {
    const values = variableValues(
      [
        { name: "auth", dataType: "STRING", from: header("authorization") },
        { name: "token", dataType: "NUMERIC", from: parameter("QUERY", "access_token") },
      ],
      { ...facts, query: "access_token=0815" },
      hash,
    );

    expect(values).toEqual([
      { name: "auth", value: { _tag: "Hashed", hash: "hash of 13" } },
      { name: "token", value: { _tag: "Hashed", hash: "hash of 4" } },
    ]);
  });
});

describe("readsBody()", () => {
  test.each<[VariableSource, boolean]>([
    [header("a"), false],
    [parameter("QUERY", "a"), false],
    [parameter("PATH", "a"), false],
    [parameter("FORM", "a"), true],
    [body("$"), true],
    [{ type: "CONTEXT_VALUES", contextValue: "ENDPOINT" }, false],
  ])("%j: %p", (from, reads) => {
    expect(readsBody([{ name: "v", dataType: "STRING", from }])).toBe(reads);
  });
});

describe("isCredentialHeader()", () => {
  test.each([
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "X-API-Key",
    "x-apikey",
    "ApiKey",
    "Api-Key",
    "X-RapidAPI-Key",
    "X-Auth-Token",
    "X-Access-Token",
    "Ocp-Apim-Subscription-Key",
    "X-Goog-Api-Key",
    "X-Amz-Security-Token",
    "X-Vault-Token",
    "PRIVATE-TOKEN",
    "DD-APPLICATION-KEY",
    "X-Functions-Key",
    "X-Session-Id",
    "X-Client-Secret",
    "X-CSRFToken",
    "X-Hub-Signature",
    "X-Amz-Signature",
  ])("%s is one", (name) => {
    expect(isCredentialHeader(name)).toBe(true);
  });

  test.each([
    "Accept",
    "Accept-Language",
    "Content-Type",
    "User-Agent",
    "Idempotency-Key",
    "Sec-WebSocket-Key",
    "Surrogate-Key",
    "X-Author",
    "X-Request-Id",
    "X-Tenant",
    "X-Keyboard",
    "If-None-Match",
    "Signed-By",
    "WWW-Authenticate",
    "X-Tokenizer",
  ])("%s is none", (name) => {
    expect(isCredentialHeader(name)).toBe(false);
  });
});

describe("isCredentialParameter()", () => {
  test.each([
    "access_token",
    "accessToken",
    "api_key",
    "apiKey",
    "apikey",
    "key",
    "sig",
    "client_secret",
  ])("%s is one", (name) => {
    expect(isCredentialParameter(name)).toBe(true);
  });

  test.each(["q", "keyword", "keys", "author", "page", "sort_key", "city", "tokens"])(
    "%s is none",
    (name) => {
      expect(isCredentialParameter(name)).toBe(false);
    },
  );
});
