/**
 * What settings of a source are valid together, and how a change is applied to them.
 *
 * Ranges of single numbers are the schema's; here is what needs more than one field, or
 * a parser. Fields are named as clients name them.
 *
 * @module
 */
import { isAdmitted } from "./address-rules.ts";
import { isSecretHeader, refuseHeader } from "./header-rules.ts";
import type { Cidr } from "./ip-address.ts";
import { parseKeyTemplate } from "./key-template.ts";
import { originOf } from "./origin.ts";
import { SOURCE_DEFAULTS, type SourceSettings } from "./source.ts";
import { parseBaseUrl, upstreamTarget } from "./upstream-url.ts";

export interface SettingsProblem {
  readonly field: string;
  readonly message: string;
}

/** The value that stands for a secret in every answer. */
export const MASK = "***";

/** Fields to change; `null` resets to the default. */
export type SettingsPatch = {
  readonly [F in keyof SourceSettings]?: SourceSettings[F] | null | undefined;
};

export type PatchedSettings =
  | { readonly _tag: "Settings"; readonly settings: SourceSettings }
  | { readonly _tag: "Refused"; readonly problems: readonly SettingsProblem[] };

/** Everything that is wrong with `settings`; upstreams may be at public addresses and in `allowed`. */
export function settingsProblems(
  settings: SourceSettings,
  allowed: readonly Cidr[],
): readonly SettingsProblem[] {
  return [
    ...baseUrlProblems(settings, allowed),
    ...headerProblems(settings.defaultHeaders),
    ...rateLimitProblems(settings.rateLimit),
    ...templateProblems(settings),
  ];
}

/** Applies `patch` to the settings of source `id`. A masked value keeps what is stored. */
export function patchedSettings(
  id: string,
  current: SourceSettings,
  patch: SettingsPatch,
): PatchedSettings {
  const problems: SettingsProblem[] = [];
  const required = (["baseUrl", "keyTemplate"] as const).filter(
    (field) => patch[field] === null,
  );
  for (const field of required) {
    const name = field === "baseUrl" ? "base_url" : "key_template";
    problems.push({ field: name, message: "Has no default to be reset to" });
  }
  const unmasked = (
    field: "default_headers" | "default_query",
    given: Readonly<Record<string, string>> | null | undefined,
    stored: Readonly<Record<string, string>>,
  ) => {
    if (given === undefined || given === null) return given;
    const values = Object.entries(given).map(([name, value]) => {
      if (value !== MASK) return [name, value] as const;
      const kept = storedValue(stored, name, field === "default_headers");
      if (kept === undefined) {
        problems.push({
          field: `${field}.${name}`,
          message: "No value is stored to be kept",
        });
      }
      return [name, kept ?? ""] as const;
    });
    return Object.fromEntries(values);
  };
  const settings = merged(id, current, {
    ...patch,
    defaultHeaders: unmasked(
      "default_headers",
      patch.defaultHeaders,
      current.defaultHeaders,
    ),
    defaultQuery: unmasked("default_query", patch.defaultQuery, current.defaultQuery),
  });
  if (originChanges(current, settings) && keepsSecrets(current, patch)) {
    const message = "Another origin must not get the stored secrets: name them again";
    problems.push({ field: "base_url", message });
  }
  return problems.length > 0
    ? { _tag: "Refused", problems }
    : { _tag: "Settings", settings };
}

/** `value` as it may be shown: of headers, all but the harmless are secret; of the query, all. */
export function maskedHeaders(headers: Readonly<Record<string, string>>) {
  return masked(headers, isSecretHeader);
}

export function maskedQuery(query: Readonly<Record<string, string>>) {
  return masked(query, () => true);
}

function masked(
  values: Readonly<Record<string, string>>,
  isSecret: (name: string) => boolean,
) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isSecret(name) ? MASK : value]),
  );
}

function merged(
  id: string,
  current: SourceSettings,
  patch: SettingsPatch,
): SourceSettings {
  const defaults: Partial<SourceSettings> = { ...SOURCE_DEFAULTS, name: id };
  const changes = Object.entries(patch).flatMap(([field, value]) => {
    if (value === undefined) return [];
    // Safe because every field but those that have no default is in `defaults`.
    const reset = defaults[field as keyof SourceSettings];
    return [[field, value === null ? reset : value]];
  });
  return { ...current, ...Object.fromEntries(changes) };
}

function originChanges(current: SourceSettings, next: SourceSettings): boolean {
  const before = parseBaseUrl(current.baseUrl);
  const after = parseBaseUrl(next.baseUrl);
  // An URL that does not parse is refused for that.
  if (before._tag === "Refused" || after._tag === "Refused") return false;
  return before.origin !== after.origin;
}

/** Whether any stored secret would stay in force: not replaced, or kept by its mask. */
function keepsSecrets(current: SourceSettings, patch: SettingsPatch): boolean {
  const headersKept =
    patch.defaultHeaders === undefined
      ? Object.keys(current.defaultHeaders).some(isSecretHeader)
      : Object.values(patch.defaultHeaders ?? {}).includes(MASK);
  const queryKept =
    patch.defaultQuery === undefined
      ? Object.keys(current.defaultQuery).length > 0
      : Object.values(patch.defaultQuery ?? {}).includes(MASK);
  return headersKept || queryKept;
}

function storedValue(
  stored: Readonly<Record<string, string>>,
  name: string,
  anyCase: boolean,
): string | undefined {
  const same = (other: string) =>
    anyCase ? other.toLowerCase() === name.toLowerCase() : other === name;
  return Object.entries(stored).find(([other]) => same(other))?.[1];
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
    const message = refuseHeader(name, value);
    return message === undefined ? [] : [{ field, message }];
  });
}

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
