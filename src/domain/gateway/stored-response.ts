/**
 * A response that the gateway keeps: an entry whose bytes are passed on as they came.
 *
 * @module
 */
import type { EntryId, HeaderList } from "../entry/entry.ts";
import type { Lifetime } from "../entry/freshness.ts";

/** The request headers that `Vary` names, in lower case, as they were asked; `null`: absent. */
export type Selecting = Readonly<Record<string, string | null>>;

export interface StoredResponse extends EntryId {
  /** Names the variant among those of one key; empty where nothing varies. */
  readonly variant: string;
  readonly selecting: Selecting;
  readonly status: number;
  /** End-to-end ones only, as they came. */
  readonly headers: HeaderList;
  /** With the content coding it came in. */
  readonly body: Uint8Array;
  /** What a purge can select it by. */
  readonly params: Readonly<Record<string, string>>;
  readonly lifetime: Lifetime;
  /** `ttl`: kept by the settings' ttl; `rfc9111`: by what the origin says. */
  readonly policy: "ttl" | "rfc9111";
  /** The request was made with credentials of the client (RFC 9111 §3.5). */
  readonly withCredentials: boolean;
  /** When the call that last confirmed it was sent, and when its answer had come. */
  readonly requestAt: number;
  readonly responseAt: number;
}
