/**
 * The headers that an upstream's answer goes out with.
 *
 * Its pages share an origin with our dashboard, so nothing it says may reach beyond its own
 * answer: it sets no cookie of ours, clears nothing of ours, and its pages run apart.
 *
 * Source: contract §7.11; RFC 9110 §7.6; Content Security Policy Level 3 (`sandbox`).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { withoutFields } from "../http-cache/field-value.ts";
import { endToEndHeaders } from "../http-cache/hop-by-hop.ts";
import { VIA } from "./upstream-headers.ts";

/** Of an upstream, what would speak for us. */
const NOT_THEIRS = new Set([
  "clear-site-data",
  "service-worker-allowed",
  "strict-transport-security",
  "x-request-id",
  "alt-svc",
  "nel",
  "report-to",
  "accept-ch",
  "critical-ch",
  "origin-agent-cluster",
  "expect-ct",
  "set-login",
  "use-as-dictionary",
  // To a server before us these would be orders.
  "x-sendfile",
]);

const OUR_COOKIE = /^\s*uc_/i;

/** Of every answer of the data plane. */
export const APART: HeaderList = [
  ["Content-Security-Policy", "sandbox"],
  ["X-Content-Type-Options", "nosniff"],
];

/** Shorter ones would be found in text that has nothing to do with them. */
const SHORTEST_SECRET = 6;

/** `headers` with `***` where an upstream repeats a secret that it was called with. */
export function withoutSecrets(
  headers: HeaderList,
  secrets: readonly string[],
): HeaderList {
  const spelled = secrets
    .filter(({ length }) => length >= SHORTEST_SECRET)
    .flatMap((secret) => [secret, encodeURIComponent(secret.toWellFormed())])
    .flatMap((secret) => [secret, secret.replace("%3D", "=")]);
  if (spelled.length === 0) return headers;
  return headers.map(([name, value]) => [
    name,
    spelled.reduce((text, secret) => text.replaceAll(secret, "***"), value),
  ]);
}

/** What is passed on of an upstream's headers; what is stored is stored so. */
export function ofUpstream(headers: HeaderList): HeaderList {
  return withoutFields(endToEndHeaders(headers), NOT_THEIRS).filter(
    ([name, value]) =>
      !/^x-(?:uc|accel)-/i.test(name) &&
      !(/^set-cookie2?$/i.test(name) && OUR_COOKIE.test(value)),
  );
}

/** `passed` as `ofUpstream` gives it; `added` are ours for this answer. */
export function clientHeaders(passed: HeaderList, added: HeaderList): HeaderList {
  const via = passed.filter(([name]) => name.toLowerCase() === "via");
  const replaced = new Set(["via", "x-content-type-options", ...namesOf(added)]);
  return [
    ...withoutFields(passed, replaced),
    ...added,
    ["Via", [...via.map(([, value]) => value), VIA].join(", ")],
    ...APART,
  ];
}

const namesOf = (headers: HeaderList) => headers.map(([name]) => name.toLowerCase());
