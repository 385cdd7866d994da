import { describe, expect, test } from "bun:test";
import { endpointsOf } from "../../../src/domain/api-proxy/openapi-endpoints.ts";

const document = (paths: unknown, more: object = {}) => ({
  openapi: "3.1.0",
  paths,
  ...more,
});

/** As `METHOD /path`, or where and why it is refused. */
function read(value: unknown) {
  const found = endpointsOf(value);
  return found._tag === "Endpoints"
    ? found.endpoints.map(({ name, httpMethod }) => `${httpMethod} ${name}`)
    : `${found.field} ${found.reason}`;
}

describe("endpointsOf()", () => {
  test.each([
    [{ swagger: "2.0" }],
    [{ swagger: 2 }],
    [{ openapi: "3.0.3" }],
    [{ openapi: "3.1.0" }],
    [{ openapi: "3.1" }],
  ])("gives each path with each method of a document of %j", (version) => {
    const paths = {
      "/a": { get: {}, post: {}, parameters: [], "x-get": {}, summary: "A" },
      "/a/{id}.json": {
        head: {},
        trace: {},
        options: {},
        put: {},
        patch: {},
        delete: {},
      },
      "x-paths": { get: {} },
    };

    expect(read({ ...version, paths })).toEqual([
      "GET /a",
      "POST /a",
      ...["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"].map(
        (method) => `${method} /a/{id}.json`,
      ),
    ]);
  });

  test.each([
    [undefined],
    [null],
    ["x"],
    [7],
    [[]],
    [{}],
    [{ openapi: "4.0.0" }],
    [{ swagger: "1.2" }],
  ])("refuses %j", (value) => {
    expect(read(value)).toStartWith("spec must be an OpenAPI document");
  });

  test("gives none of a document without paths", () => {
    expect(read({ openapi: "3.1.0", webhooks: {} })).toEqual([]);
  });

  test("leaves basePath and servers to the source", () => {
    const elsewhere = { basePath: "/v1", servers: [{ url: "https://example.com/v2" }] };

    expect(read(document({ "/a": { get: {} } }, elsewhere))).toEqual(["GET /a"]);
  });

  test("follows a path item that is elsewhere in the document", () => {
    const paths = {
      "/a": { $ref: "#/components/pathItems/a~1b%20c", post: {} },
      "/b": { $ref: "#/paths/~1a" },
    };
    const components = { pathItems: { "a/b c": { get: {} } } };

    expect(read(document(paths, { components }))).toEqual([
      "GET /a",
      "POST /a",
      "GET /b",
      "POST /b",
    ]);
  });

  test.each([
    ["other.json#/a", "must not point outside of the document, to other.json#/a"],
    [
      "https://example.com/a",
      "must not point outside of the document, to https://example.com/a",
    ],
    [
      "file:///etc/passwd",
      "must not point outside of the document, to file:///etc/passwd",
    ],
    ["#/nothing", "must point to what the document has, not to #/nothing"],
    ["#/toString", "must point to what the document has, not to #/toString"],
    ["#/%ZZ", "must point to what the document has, not to #/%ZZ"],
    ["#/paths/~1a", "must not lead in a circle"],
    [7, "must be a text"],
  ])("refuses a reference to %s", ($ref, reason) => {
    expect(read(document({ "/a": { $ref } }))).toBe(`spec.paths["/a"].$ref ${reason}`);
  });

  test.each([
    [{ a: {} }, 'spec.paths["a"] must begin with /'],
    [{ "/a": 7 }, 'spec.paths["/a"] must be an object'],
    [{ "/a?b=c": {} }, 'spec.paths["/a?b=c"] must be a path without ?, # and \\'],
    [{ "/a/../b": {} }, 'spec.paths["/a/../b"] must not have a segment . or ..'],
    [
      { "/a/{b": {} },
      'spec.paths["/a/{b"] must have each {param} in braces of its own, within a segment',
    ],
    [[], "spec.paths must be an object"],
  ])("refuses the paths %j", (paths, reason) => {
    expect(read(document(paths))).toBe(reason);
  });

  test("refuses more than 20000 operations", () => {
    const paths = Object.fromEntries(
      Array.from({ length: 10_001 }, (_, at) => [`/${at}`, { get: {}, put: {} }]),
    );

    expect(read(document(paths))).toBe(
      "spec.paths must not have more than 20000 operations",
    );
  });

  test("looks at nothing but the paths of a document that leads in circles", () => {
    const circular: Record<string, unknown> = document({ "/a": { get: {} } });
    circular["self"] = circular;

    expect(read(circular)).toEqual(["GET /a"]);
  });
});
