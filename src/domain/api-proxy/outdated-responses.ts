/**
 * Which stored responses a change of an API proxy's endpoints or cache settings makes wrong.
 *
 * @module
 */
import type { Matching } from "../entry/purge.ts";
import { type ApiProxy, type Endpoint, proxySpace, settingsScope } from "./api-proxy.ts";
import type { CacheSettings } from "./cache-settings.ts";
import { storesOtherwise } from "./changed-settings.ts";

/**
 * Where `endpoint` is made (`undefined`: it was not there), changed or deleted: whichever
 * endpoint a request is for, it may be another one from then on. What was stored for the
 * endpoint goes, and what was stored by the settings of the proxy.
 */
export function outdatedByEndpoint(
  proxy: Pick<ApiProxy, "id">,
  endpoint: Pick<Endpoint, "id"> | undefined,
): readonly Matching[] {
  const scopes = [settingsScope(undefined)];
  if (endpoint !== undefined) scopes.push(settingsScope(endpoint.id));
  return scopesOf(proxy, scopes);
}

/** Where `settings` take the place of those of `endpoint`, or of the proxy where none is named. */
export function outdatedBySettings(
  proxy: Pick<ApiProxy, "id" | "settings">,
  endpoint: Pick<Endpoint, "id" | "settings"> | undefined,
  settings: CacheSettings,
): readonly Matching[] {
  const before = endpoint === undefined ? proxy.settings : endpoint.settings;
  if (!storesOtherwise(before, settings)) return [];
  const scopes = [settingsScope(endpoint?.id)];
  const wasActive = before?.cacheActive === true;
  // Nobody kept up what the proxy's settings stored while those of the endpoint were in force.
  if (endpoint !== undefined && wasActive !== settings.cacheActive) {
    scopes.push(settingsScope(undefined));
  }
  return scopesOf(proxy, scopes);
}

const scopesOf = ({ id }: Pick<ApiProxy, "id">, scopes: readonly string[]) =>
  scopes.map((prefix): Matching => {
    return { _tag: "Matching", spaces: [proxySpace(id)], prefix };
  });
