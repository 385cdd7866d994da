/**
 * Between the data plane's URLs and those of the source behind it.
 *
 * Source: contract §7.1, §7.11; WHATWG URL; RFC 9110 §10.2.2 (`Location`).
 *
 * @module
 */
import type { BaseUrl } from "../source/upstream-url.ts";

type Query = Readonly<Record<string, string>>;

/**
 * The request target for `path` below the base, with the parameters of the source that the
 * query lacks. Path and query go up as they came. `undefined` where they would leave the
 * base.
 */
export function gatewayTarget(
  base: BaseUrl,
  path: string,
  query: string | undefined,
  defaultQuery: Query,
): string | undefined {
  const asked = new URLSearchParams(query ?? "");
  const missing = Object.entries(defaultQuery).filter(([name]) => !asked.has(name));
  const filled = missing.map((pair) => pair.map(encodeURIComponent).join("="));
  const parts = [...(query === undefined || query === "" ? [] : [query]), ...filled];
  const whole = `${base.prefix}${path}`;
  const url = URL.parse(`${base.origin}${whole}`);
  const stays =
    url !== null &&
    url.origin === base.origin &&
    url.pathname === whole &&
    whole.startsWith(`${base.prefix}/`);
  if (!stays) return undefined;
  const search = parts.length > 0 ? `?${parts.join("&")}` : query === "" ? "?" : "";
  return `${whole}${search}`;
}

/**
 * Where `location`, as the upstream said it about `target`, is to be found through the data
 * plane at `mount`. One outside of the source stays as it is, but for the source's secret
 * parameters, which leave neither.
 *
 * @example A page of the source, and one of elsewhere
 * ```ts
 * import { parseBaseUrl } from "../source/upstream-url.ts";
 * import { mappedLocation } from "./upstream-location.ts";
 *
 * const base = parseBaseUrl("https://api.example.com/v1");
 * if (base._tag === "Refused") throw new Error(base.reason);
 * const map = (location: string) =>
 *   mappedLocation(location, { base, target: "/v1/a/b", mount: "/gw/shop/orders", defaultQuery: {} });
 * map("../c?x=1"); // => "/gw/shop/orders/c?x=1"
 * map("https://example.org/"); // => "https://example.org/"
 * ```
 */
export function mappedLocation(
  location: string,
  { base, target, mount, defaultQuery }: Mapping,
): string {
  const url = URL.parse(location, `${base.origin}${target}`);
  if (url === null) return location;
  const isWithin =
    url.origin === base.origin &&
    (url.pathname === base.prefix || url.pathname.startsWith(`${base.prefix}/`));
  const search = withoutSecrets(url.search, defaultQuery);
  if (!isWithin && search === url.search) return location;
  const rest = `${search}${url.hash}`;
  if (!isWithin) return `${url.origin}${url.pathname}${rest}`;
  return `${mount}${url.pathname.slice(base.prefix.length)}${rest}`;
}

export interface Mapping {
  readonly base: BaseUrl;
  /** Of the request that was answered. */
  readonly target: string;
  /** `/gw/{project}/{proxy}`, escaped. */
  readonly mount: string;
  readonly defaultQuery: Query;
}

/** Parameters that the source fills in are left out where they have its values. */
function withoutSecrets(search: string, defaultQuery: Query): string {
  const parts = search.slice(1).split("&");
  const kept = parts.filter((part) =>
    [...new URLSearchParams(part)].every(([name, value]) => {
      const own = Object.hasOwn(defaultQuery, name) ? defaultQuery[name] : undefined;
      return own === undefined || own !== value;
    }),
  );
  if (kept.length === parts.length) return search;
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}
