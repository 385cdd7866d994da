/**
 * What one process tells all others through the change log.
 *
 * A change says what is no longer as it was, not what it became: who holds
 * something in memory loads it again or forgets it.
 *
 * @module
 */
import type { PurgeSelection } from "./entry/purge.ts";

export type Change =
  /** The source was made, changed or deleted. */
  | { readonly _tag: "SourceChanged"; readonly sourceId: string }
  /** Entries went; nothing that was asked for earlier may bring them back. */
  | { readonly _tag: "Purged"; readonly selection: PurgeSelection }
  /** Tokens were made, revoked or replaced. */
  | { readonly _tag: "TokensChanged" }
  /** Projects of the gateway were made or deleted. */
  | { readonly _tag: "ProjectsChanged" }
  /** The API proxy, its endpoints or its settings were made, changed or deleted. */
  | { readonly _tag: "ProxyChanged"; readonly proxyId: number };
