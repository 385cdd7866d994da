/**
 * What settings of a source are valid together.
 *
 * Ranges of single numbers are the schema's; here is what needs more than one field, or
 * a parser. Fields are named as clients name them.
 *
 * @module
 */
import { isAdmitted } from "./address-rules.ts";
import { refuseHeader } from "./header-rules.ts";
import type { Cidr } from "./ip-address.ts";
import { parseKeyTemplate } from "./key-template.ts";
import { originOf } from "./origin.ts";
import { CONTROL } from "./percent-encoding.ts";
import { MASK } from "./secret-mask.ts";
import type { SourceSettings } from "./source.ts";
import { parseBaseUrl, upstreamTarget } from "./upstream-url.ts";

export interface SettingsProblem {
  readonly field: string;
  readonly message: string;
}

/** Everything that is wrong with `settings`; upstreams may be at public addresses and in `allowed`. */
export function settingsProblems(
  settings: SourceSettings,
  allowed: readonly Cidr[],
): readonly SettingsProblem[] {
  return [
    ...baseUrlProblems(settings, allowed),
    ...headerProblems(settings.defaultHeaders),
    ...queryProblems(settings.defaultQuery),
    ...rateLimitProblems(settings.rateLimit),
    ...templateProblems(settings),
  ];
}

function baseUrlProblems(
  { baseUrl, defaultQuery }: SourceSettings,
  allowed: readonly Cidr[],
): readonly SettingsProblem[] {
  const problem = (message: string) => [{ field: "base_url", message }];
  const base = parseBaseUrl(baseUrl);
  const origin = originOf(baseUrl);
  if (base._tag === "Refused") return problem(base.reason);
  if (origin === undefined) return problem("Must be http or https");
  if (namesForbiddenAddress(origin.host, allowed)) {
    return problem(
      "The host is not a public address, and UC_UPSTREAM_ALLOW_CIDRS does not admit it",
    );
  }
  const target = upstreamTarget(base, defaultQuery, "/");
  return target._tag === "Refused"
    ? [{ field: "default_query", message: target.reason }]
    : [];
}

/** Names are resolved, and judged, at each connection; here only what needs no resolving. */
function namesForbiddenAddress(host: string, allowed: readonly Cidr[]): boolean {
  if (/(^|\.)localhost\.?$/i.test(host)) {
    return !isAdmitted("127.0.0.1", allowed) && !isAdmitted("::1", allowed);
  }
  const literal = /^[\d.]+$/.test(host) || host.includes(":");
  return literal && !isAdmitted(host, allowed);
}

function headerProblems(
  headers: Readonly<Record<string, string>>,
): readonly SettingsProblem[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const field = `default_headers.${name}`;
    const lower = name.toLowerCase();
    if (seen.has(lower)) return [{ field, message: "The header is named twice" }];
    seen.add(lower);
    const message = value === MASK ? MASKED : refuseHeader(name, value);
    return message === undefined ? [] : [{ field, message }];
  });
}

function queryProblems(
  query: SourceSettings["defaultQuery"],
): readonly SettingsProblem[] {
  return Object.entries(query).flatMap(([name, value]) => {
    const field = `default_query.${name}`;
    if (name === "") return [{ field, message: "The name is empty" }];
    if (CONTROL.test(name) || CONTROL.test(value)) {
      return [{ field, message: "Control characters are not allowed" }];
    }
    return value === MASK ? [{ field, message: MASKED }] : [];
  });
}

const MASKED = `${MASK} stands for a stored value, and none is stored`;

function rateLimitProblems({
  perMinute,
  burst,
}: SourceSettings["rateLimit"]): readonly SettingsProblem[] {
  if (burst === undefined || burst <= perMinute) return [];
  return [
    { field: "rate_limit.burst", message: `Must not exceed per_minute, ${perMinute}` },
  ];
}

function templateProblems({
  keyTemplate,
  keyCase,
}: SourceSettings): readonly SettingsProblem[] {
  const template = parseKeyTemplate(keyTemplate, keyCase);
  return template._tag === "Refused"
    ? [{ field: "key_template", message: template.reason }]
    : [];
}
