/**
 * What a JSON body must be before a route's schema sees it.
 *
 * @module
 */
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { every } from "hono/combine";
import { createMiddleware } from "hono/factory";
import { Invalid, Malformed } from "../services/errors.ts";
import { failure, failureOf } from "./faces.ts";
import { bodyProblems } from "./problems.ts";
import { fieldName } from "./validation.ts";

const MIB = 1024 * 1024;

/** `application/json` or `application/…+json`, parameters and their spaces as they come. */
const jsonType = /^\s*application\/(?:[^\s;]+\+)?json\s*(?:;|$)/i;

export interface BodyRule {
  readonly maxMiB: number;
  /** Where it is not, no body at all is one without any field, whatever its type. */
  readonly required: boolean;
}

/** Answers 413 for a body of more than `maxMiB`. */
export const limitedBody = (maxMiB: number) =>
  bodyLimit({ maxSize: maxMiB * MIB, onError: (c) => tooLarge(c, maxMiB) });

/** Answers 413, 415, 400 or 422 for a body that no schema can be asked about. */
export const jsonBody = ({ maxMiB, required }: BodyRule) =>
  every(
    limitedBody(maxMiB),
    createMiddleware(async (c, next) => {
      if (!required && (await c.req.arrayBuffer()).byteLength === 0) {
        useBodyAs(c, undefined);
        return next();
      }
      if (!jsonType.test(c.req.header("content-type") ?? "")) return notJsonType(c);
      const body = parsed(await c.req.arrayBuffer());
      if (body._tag === "NotJson") {
        const reason = "Not valid JSON in UTF-8";
        return failure(c, new Malformed({ field: "body", reason }));
      }
      const forbidden = pathOfName(body.value, "__proto__");
      if (forbidden !== undefined) {
        const problems = [{ field: fieldName(forbidden), message: "No such field" }];
        return failure(c, new Invalid({ problems }));
      }
      useBodyAs(c, "application/json");
      return next();
    }),
  );

/** The validator behind knows fewer spellings of the type. The body is kept already. */
function useBodyAs(c: Context, type: "application/json" | undefined): void {
  const { url, method, signal } = c.req.raw;
  const headers = new Headers(c.req.raw.headers);
  if (type === undefined) headers.delete("content-type");
  else headers.set("content-type", type);
  c.req.raw = new Request(url, { method, headers, signal });
}

function parsed(bytes: ArrayBuffer) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return { _tag: "Json", value } as const;
  } catch {
    return { _tag: "NotJson" } as const;
  }
}

/** Where an object in `value` has an own field `name`; schemas pass over `__proto__` in silence. */
function pathOfName(value: unknown, name: string): readonly PropertyKey[] | undefined {
  const left: { readonly value: unknown; readonly path: readonly PropertyKey[] }[] = [
    { value, path: [] },
  ];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { path } = next;
    if (typeof next.value !== "object" || next.value === null) continue;
    if (Object.hasOwn(next.value, name)) return [...path, name];
    const isArray = Array.isArray(next.value);
    for (const [key, child] of Object.entries(next.value)) {
      if (typeof child !== "object" || child === null) continue;
      // Deep nesting must not cost the square of its depth; nobody reads such a path.
      const longer = path.length < 16 ? [...path, isArray ? Number(key) : key] : path;
      left.push({ value: child, path: longer });
    }
  }
  return undefined;
}

const tooLarge = (c: Context, maxMiB: number) =>
  failureOf(c, bodyProblems.tooLarge(maxMiB));

const notJsonType = (c: Context) => failureOf(c, bodyProblems.notJson);
