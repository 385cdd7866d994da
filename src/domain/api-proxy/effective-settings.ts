/**
 * Which settings are in force for a request.
 *
 * @module
 */
import { type ApiProxy, type Endpoint, settingsScope } from "./api-proxy.ts";
import type { CacheSettings } from "./cache-settings.ts";

export interface EffectiveSettings {
  readonly settings: CacheSettings;
  readonly from: "ENDPOINT" | "API_PROXY";
  /** As in `settingsScope`. */
  readonly scope: string;
}

/** The endpoint's where they are active, else the proxy's where those are, else none. */
export function effectiveSettings(
  proxy: Pick<ApiProxy, "settings">,
  endpoint: Pick<Endpoint, "id" | "settings"> | undefined,
): EffectiveSettings | undefined {
  if (endpoint?.settings?.cacheActive === true) {
    const scope = settingsScope(endpoint.id);
    return { settings: endpoint.settings, from: "ENDPOINT", scope };
  }
  if (proxy.settings?.cacheActive === true) {
    return {
      settings: proxy.settings,
      from: "API_PROXY",
      scope: settingsScope(undefined),
    };
  }
  return undefined;
}
