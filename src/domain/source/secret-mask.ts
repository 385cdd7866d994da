/**
 * What is shown of a source's secret values.
 *
 * @module
 */
import { isSecretHeader } from "./header-rules.ts";

/** The value that stands for a secret in every answer. */
export const MASK = "***";

/** Of headers all values but the harmless are secret. */
export function maskedHeaders(headers: Readonly<Record<string, string>>) {
  return masked(headers, isSecretHeader);
}

/** Of the query all are. */
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
