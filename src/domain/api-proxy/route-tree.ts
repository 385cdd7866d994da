/**
 * The paths of a proxy's endpoints as a tree: one node for each beginning of a path.
 *
 * A path leads to each node in one way at most, so a search visits no node twice.
 *
 * @module
 */
import type { Endpoint } from "./api-proxy.ts";
import {
  comparedSegment,
  isWholeValue,
  type SegmentPattern,
  segmentValues,
} from "./path-segment.ts";
import { parsePathTemplate, type PathTemplate } from "./path-template.ts";

export interface Route {
  readonly endpoint: Endpoint;
  /** Of its values, in the order of the path. */
  readonly names: readonly string[];
  /** The path at the upstream: text, and the places of values; `undefined`: as it came. */
  readonly backend: readonly (string | number)[] | undefined;
}

/** The endpoints of one path, by method. */
export type Leaf = Map<string, Route>;

export interface Node {
  readonly literals: Map<string, Node>;
  /** Values with text beside them, those with most text first. */
  readonly patterns: { readonly pattern: SegmentPattern; readonly node: Node }[];
  value: Node | undefined;
  leaf: Leaf | undefined;
}

export interface Found {
  readonly leaf: Leaf;
  /** Escaped, in the order of the path; as they came where they are whole segments. */
  readonly values: readonly string[];
}

export const emptyNode = (): Node => ({
  literals: new Map(),
  patterns: [],
  value: undefined,
  leaf: undefined,
});

/** Adds `endpoint` at `name`, unless one of its method is there. */
export function addLeaf(root: Node, name: PathTemplate, endpoint: Endpoint): void {
  let node = root;
  for (const segment of name.segments) node = childFor(node, segment);
  node.leaf ??= new Map();
  if (node.leaf.has(endpoint.httpMethod)) return;
  const backend = backendOf(name, endpoint);
  node.leaf.set(endpoint.httpMethod, { endpoint, names: name.names, backend });
}

function childFor(node: Node, segment: SegmentPattern): Node {
  const [first = ""] = segment.literals;
  if (segment.names.length === 0) {
    const child = node.literals.get(first) ?? emptyNode();
    node.literals.set(first, child);
    return child;
  }
  if (isWholeValue(segment)) return (node.value ??= emptyNode());
  const text = textOf(segment);
  const same = node.patterns.find(({ pattern }) => textOf(pattern) === text);
  if (same !== undefined) return same.node;
  const added = { pattern: segment, node: emptyNode() };
  node.patterns.push(added);
  node.patterns.sort((a, b) => weightOf(b.pattern) - weightOf(a.pattern));
  return added.node;
}

/** The pattern without the names of its values. */
const textOf = ({ literals }: SegmentPattern) => literals.join("{}");
const weightOf = ({ literals }: SegmentPattern) => literals.join("").length;

function backendOf(
  name: PathTemplate,
  { name: text, backendResourceUrl }: Endpoint,
): Route["backend"] {
  if (backendResourceUrl === text) return undefined;
  const backend = parsePathTemplate(backendResourceUrl);
  if (backend._tag === "Refused") {
    throw new Error(`Backend ${backendResourceUrl} does not parse`);
  }
  const parts: (string | number)[] = [];
  for (const { literals, names } of backend.segments) {
    parts.push(`/${literals[0] ?? ""}`);
    for (const [at, param] of names.entries()) {
      parts.push(name.names.indexOf(param), literals[at + 1] ?? "");
    }
  }
  return parts;
}

/** The leaves that a path of the segments `raw` leads to, the most specific first. */
export function* leavesFor(root: Node, raw: readonly string[]): Generator<Found> {
  const segments = raw.map((segment) => comparedSegment(segment));
  const values: string[] = [];
  yield* below(root, 0);

  function* below(node: Node, depth: number): Generator<Found> {
    const segment = segments[depth];
    if (segment === undefined) {
      if (node.leaf !== undefined) yield { leaf: node.leaf, values: [...values] };
      return;
    }
    const literal = node.literals.get(segment);
    if (literal !== undefined) yield* below(literal, depth + 1);
    for (const { pattern, node: next } of node.patterns) {
      const cut = segmentValues(pattern, segment);
      if (cut === undefined) continue;
      values.push(...cut);
      yield* below(next, depth + 1);
      values.length -= cut.length;
    }
    if (node.value !== undefined && segment !== "") {
      values.push(raw[depth] ?? "");
      yield* below(node.value, depth + 1);
      values.length -= 1;
    }
  }
}
