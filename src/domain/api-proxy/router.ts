/**
 * Finds the endpoint of an API proxy that a request is for.
 *
 * A literal segment wins over one with a value in it, and that over a value alone, segment
 * by segment from the left; where that leads nowhere, the next best is tried. Among the
 * endpoints of one path the request's method wins over `ALL`, and HEAD is answered by GET
 * where it has no endpoint of its own. `/a` and `/a/` are two paths. Of two endpoints that
 * differ in the names of their params only, the older one is found.
 *
 * An endpoint that is not active is found as any: it answers for its paths that there is
 * nothing in an `OPEN_API` proxy, and lets them pass as they are in a `REVERSE_PROXY`.
 *
 * Source: contract §7.1, OpenAPI 3.1 "Paths Object".
 *
 * @module
 */
import type { ApiProxy, Endpoint } from "./api-proxy.ts";
import {
  addLeaf,
  emptyNode,
  type Found,
  type Leaf,
  leavesFor,
  type Node,
} from "./route-tree.ts";
import { parsePathTemplate } from "./path-template.ts";

export type Match =
  /** `params`: the `{param}` segments by name, decoded. `backendPath` begins with `/`. */
  | {
      readonly _tag: "Matched";
      readonly endpoint: Endpoint | undefined;
      readonly params: Readonly<Record<string, string>>;
      readonly backendMethod: string;
      readonly backendPath: string;
    }
  | { readonly _tag: "NotFound" }
  | { readonly _tag: "MethodNotAllowed"; readonly allow: readonly string[] };

export interface Router {
  /** `path` begins with `/`, as it came; escapes and case are kept in `backendPath`. */
  readonly match: (method: string, path: string) => Match;
}

const NOT_FOUND: Match = { _tag: "NotFound" };

/** Built once for many matches. `endpoints` in the order in which they were made. */
export function makeRouter(
  { creationType }: Pick<ApiProxy, "creationType">,
  endpoints: readonly Endpoint[],
): Router {
  const root: Node = emptyNode();
  for (const endpoint of endpoints) {
    const name = parsePathTemplate(endpoint.name);
    // Only what parses is ever stored.
    if (name._tag === "Refused")
      throw new Error(`Endpoint ${endpoint.name} does not parse`);
    addLeaf(root, name, endpoint);
  }
  const passes = creationType === "REVERSE_PROXY";
  return {
    match: (method, path) => {
      const others: Leaf[] = [];
      for (const found of leavesFor(root, path.slice(1).split("/"))) {
        const route = routeIn(found.leaf, method);
        if (route === undefined) {
          others.push(found.leaf);
          continue;
        }
        if (route.endpoint.active) return matched(route, found, method, path);
        return passes ? passed(method, path) : NOT_FOUND;
      }
      if (passes) return passed(method, path);
      const allow = allowedBy(others);
      return allow.length === 0 ? NOT_FOUND : { _tag: "MethodNotAllowed", allow };
    },
  };
}

const passed = (method: string, path: string): Match => ({
  _tag: "Matched",
  endpoint: undefined,
  params: {},
  backendMethod: method,
  backendPath: path,
});

type Route = NonNullable<ReturnType<Leaf["get"]>>;

const routeIn = (leaf: Leaf, method: string): Route | undefined =>
  leaf.get(method) ??
  (method === "HEAD" ? leaf.get("GET") : undefined) ??
  leaf.get("ALL");

function matched(route: Route, { values }: Found, method: string, path: string): Match {
  const { endpoint, names, backend } = route;
  const { backendHttpMethod, httpMethod } = endpoint;
  const backendPath = backend === undefined ? path : filled(backend, values);
  if (backendPath === undefined) return NOT_FOUND;
  const isSame = backendHttpMethod === "ALL" || backendHttpMethod === httpMethod;
  return {
    _tag: "Matched",
    endpoint,
    params: Object.fromEntries(
      names.map((name, at) => [name, decoded(values[at] ?? "")]),
    ),
    backendMethod: isSame ? method : backendHttpMethod,
    backendPath,
  };
}

const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;

/** `undefined` where values and the text beside them make a segment that leads elsewhere. */
function filled(
  backend: NonNullable<Route["backend"]>,
  values: readonly string[],
): string | undefined {
  const path = backend
    .map((part) => (typeof part === "string" ? part : (values[part] ?? "")))
    .join("");
  return DOT_SEGMENT.test(path) ? undefined : path;
}

function decoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function allowedBy(leaves: readonly Leaf[]): readonly string[] {
  const active = leaves.flatMap((leaf) =>
    [...leaf].filter(([, { endpoint }]) => endpoint.active).map(([method]) => method),
  );
  const withHead = active.includes("GET") ? [...active, "HEAD"] : active;
  return [...new Set(withHead)].toSorted();
}
