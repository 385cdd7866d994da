/**
 * How a change is applied to the settings of a source.
 *
 * Fields are named as clients name them.
 *
 * @module
 */
import { isSecretHeader } from "./header-rules.ts";
import { MASK } from "./secret-mask.ts";
import { movesOrigin } from "./source-change.ts";
import { SOURCE_DEFAULTS, type SourceSettings } from "./source.ts";
import type { SettingsProblem } from "./source-rules.ts";

/** Fields to change; `null` resets to the default. */
export type SettingsPatch = {
  readonly [F in keyof SourceSettings]?: SourceSettings[F] | null | undefined;
};

export type PatchedSettings =
  | { readonly _tag: "Settings"; readonly settings: SourceSettings }
  | { readonly _tag: "Refused"; readonly problems: readonly SettingsProblem[] };

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
  if (movesOrigin(current.baseUrl, settings.baseUrl) && keepsSecrets(current, patch)) {
    const message = "Another origin must not get the stored secrets: name them again";
    problems.push({ field: "base_url", message });
  }
  return problems.length > 0
    ? { _tag: "Refused", problems }
    : { _tag: "Settings", settings };
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
