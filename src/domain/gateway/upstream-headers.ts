/**
 * The headers that a request goes up with.
 *
 * Source: contract §7.1, §7.4; RFC 9110 §7.6 (forwarding), §10.1.1 (`Expect`).
 *
 * @module
 */
import { SESSION_COOKIE } from "../access/session-cookie.ts";
import type { HeaderList } from "../entry/entry.ts";
import { withoutFields } from "../http-cache/field-value.ts";
import { endToEndHeaders } from "../http-cache/hop-by-hop.ts";

/** What a proxy before us says, or a client pretends: upstreams would believe it of us. */
const SPOKEN_FOR = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
  "x-forwarded-prefix",
  "x-forwarded-server",
  "x-forwarded-scheme",
  "x-forwarded-ssl",
  "x-forwarded-by",
  "x-real-ip",
  "x-original-url",
  "x-rewrite-url",
  "x-http-method-override",
  "x-http-method",
  "x-method-override",
  "host",
  // We have answered it, or our server has.
  "expect",
]);

/** What asks for a part, or for nothing if unchanged. */
const CONDITIONS = [
  "range",
  "if-range",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "if-unmodified-since",
];

export interface GoingUp {
  /** Of the client, as they came. */
  readonly headers: HeaderList;
  /** In lower case: credentials that are ours. */
  readonly withheld: readonly string[];
  /** Of the source; they win. */
  readonly defaultHeaders: Readonly<Record<string, string>>;
  /** Asks for the whole: what comes is to be stored, and the client is answered from that. */
  readonly asksForWhole: boolean;
  /** Ours, where what is stored is to be confirmed. */
  readonly conditions?: HeaderList;
}

/** `Host` is not among them: it follows from the source. */
export function upstreamHeaders({
  headers,
  withheld,
  defaultHeaders,
  asksForWhole,
  conditions = [],
}: GoingUp): HeaderList {
  const defaults = Object.entries(defaultHeaders);
  const left = new Set([
    ...defaults.map(([name]) => name.toLowerCase()),
    ...(asksForWhole || conditions.length > 0 ? CONDITIONS : []),
  ]);
  const kept = withoutFields(theirHeaders(headers, withheld), left).flatMap(
    ([name, value]) => {
      if (isSpokenFor(name)) return [];
      const isHops = name.toLowerCase() === "max-forwards";
      return [[name, isHops ? oneLess(value) : value] as const];
    },
  );
  const via = kept.filter(([name]) => name.toLowerCase() === "via");
  return [
    ...kept.filter(([name]) => name.toLowerCase() !== "via"),
    ...defaults,
    ...conditions,
    ["Via", [...via.map(([, value]) => value), VIA].join(", ")],
  ];
}

/** RFC 9110 §7.6.2. */
const oneLess = (value: string): string =>
  /^ *\d+ *$/.test(value) ? String(Math.max(0, Number(value) - 1)) : value;

/** Some servers read `_` in a name as `-`. */
function isSpokenFor(name: string): boolean {
  const lower = name.toLowerCase().replaceAll("_", "-");
  return lower.startsWith("x-forwarded-") || SPOKEN_FOR.has(lower);
}

/** RFC 9110 §7.6.3. */
export const VIA = "1.1 uni-cache";

/** What a client says to the upstream: end-to-end, without what is `withheld` and our cookie. */
export function theirHeaders(
  headers: HeaderList,
  withheld: readonly string[],
): HeaderList {
  return withoutFields(endToEndHeaders(headers), new Set(withheld)).flatMap(
    ([name, value]) => {
      if (name.toLowerCase() !== "cookie") return [[name, value] as const];
      const cookies = cookiesOf(value);
      return cookies === "" ? [] : [[name, cookies] as const];
    },
  );
}

/** The cookies of the upstream: without ours. */
function cookiesOf(cookie: string): string {
  return cookie
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair !== "" && pair.split("=", 1)[0]?.trim() !== SESSION_COOKIE)
    .join("; ");
}
