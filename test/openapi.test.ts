import { describe, expect, test } from "bun:test";
import { describeApi } from "../src/http/describe-api.ts";
import { version } from "../src/version.ts";

describe("openapi.json", () => {
  test("is what the app serves; `npm run openapi` writes it", async () => {
    const committed = await Bun.file(new URL("../openapi.json", import.meta.url)).json();

    expect(committed).toEqual(JSON.parse(JSON.stringify(describeApi(version))));
  });

  test("names every operation once, with an answer for success", () => {
    const operations = Object.values(describeApi(version).paths ?? {}).flatMap((path) =>
      Object.values(path as Record<string, { operationId: string; responses: object }>),
    );
    const names = operations.map(({ operationId }) => operationId);

    expect(new Set(names).size).toBe(names.length);
    for (const { responses } of operations) {
      expect(Object.keys(responses).some((status) => status.startsWith("2"))).toBe(true);
    }
  });

  test("describes every operation, parameter, answer and header", () => {
    const silent: string[] = [];
    for (const { name, operation } of operations()) {
      const described: Readonly<Record<string, unknown>> = {
        [name]: operation,
        ...named(`${name} takes`, operation.parameters ?? [], ({ name }) => name),
        ...prefixed(`${name} answers`, operation.responses),
      };
      for (const [status, response] of Object.entries<any>(operation.responses)) {
        Object.assign(
          described,
          prefixed(`${name} ${status} has`, response.headers ?? {}),
        );
      }
      for (const [place, value] of Object.entries(described)) {
        if (!/\S/.test(deref(value).description ?? "")) silent.push(place);
      }
    }
    expect(silent).toEqual([]);
  });

  test("shows an example of every body and parameter", () => {
    const without: string[] = [];
    for (const { name, operation } of operations()) {
      const shown: Readonly<Record<string, unknown>> = {
        ...named(`${name} takes`, operation.parameters ?? [], ({ name }) => name),
        ...prefixed(`${name} takes`, operation.requestBody?.content ?? {}),
      };
      for (const [status, { content = {} }] of Object.entries<any>(operation.responses)) {
        Object.assign(shown, prefixed(`${name} ${status}`, content));
      }
      for (const [place, value] of Object.entries<any>(shown)) {
        const { example, examples, schema } = value;
        if (example !== undefined || examples !== undefined) continue;
        for (const path of unexampled(schema)) without.push(`${place}${path}`);
      }
    }
    expect(without).toEqual([]);
  });

  test("names every problem that can come with a status", () => {
    const { paths } = document;
    const codesOf = ({ content }: any) =>
      Object.keys(content["application/json"].examples);

    const create = paths["/api/v1/sources"].post.responses;
    expect(codesOf(create[409])).toEqual(["SOURCE_EXISTS", "IDEMPOTENCY_KEY_RUNNING"]);
    const read = paths["/api/v1/cache/{source_id}/{key}"].get.responses;
    expect(codesOf(read[404])).toEqual(["SOURCE_NOT_FOUND", "ENTRY_NOT_FOUND"]);
    expect(Object.keys(read[404].headers)).toContain("X-Request-Id");
    expect(Object.keys(read[502].headers)).toContain("Retry-After");
  });

  test("lets a reference be null or what it refers to, not both at once", () => {
    const { rate_limit } = document.components.schemas.SourcePatch.properties;

    expect(rate_limit.anyOf).toEqual([
      { $ref: "#/components/schemas/RateLimit" },
      { type: "null" },
    ]);
  });
});

const document = JSON.parse(JSON.stringify(describeApi(version)));

function operations(): readonly { readonly name: string; readonly operation: any }[] {
  return Object.entries<any>(document.paths).flatMap(([path, methods]) =>
    Object.entries<any>(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
}

/** What `value` is, or refers to. */
function deref(value: any): any {
  if (typeof value.$ref !== "string") return value;
  const names: readonly string[] = value.$ref.slice(2).split("/");
  return deref(names.reduce((at, name) => at[name], document));
}

const prefixed = (prefix: string, values: object) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [`${prefix} ${name}`, value]),
  );

const named = (prefix: string, values: readonly any[], nameOf: (value: any) => string) =>
  Object.fromEntries(values.map((value) => [`${prefix} ${nameOf(value)}`, value]));

/** Where in `schema` nothing tells what a value looks like: no example, and no fixed form. */
function unexampled(schema: any, path = ""): readonly string[] {
  const it = deref(schema);
  if ((it.example ?? it.examples ?? it.enum ?? it.const ?? it.format) !== undefined)
    return [];
  if (it.anyOf !== undefined || it.allOf !== undefined) {
    const parts: readonly any[] = it.anyOf ?? it.allOf;
    return parts.flatMap((part) => unexampled(part, path));
  }
  if (it.items !== undefined) return unexampled(it.items, `${path}[]`);
  if (it.properties !== undefined) {
    return Object.entries(it.properties).flatMap(([name, inner]) =>
      unexampled(inner, `${path}.${name}`),
    );
  }
  return [it.type].flat().some((type) => type === "boolean" || type === "null")
    ? []
    : [path];
}
