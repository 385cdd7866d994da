/**
 * The two sets of rules by which the gateway keeps and serves: those of a `ttl`, and those
 * of RFC 9111 where there is none.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import type { Lifetime } from "../entry/freshness.ts";
import type { Forwarded } from "../http-cache/cache-status.ts";
import type { StoredResponse } from "./stored-response.ts";

/** A request as the rules see it. */
export interface Asked {
  readonly method: string;
  /** Absolute; of the upstream. */
  readonly url: string;
  /** End-to-end ones, without what is ours. */
  readonly headers: HeaderList;
  /** Credentials of it that are no part of the key. */
  readonly credentials: readonly string[];
  /** Whether its wish for a newer answer is heard. */
  readonly mayRefresh: boolean;
}

export type Plan =
  /** `renews`: the upstream is asked behind the answer. */
  | {
      readonly _tag: "Serve";
      readonly stored: StoredResponse;
      readonly isStale: boolean;
      readonly renews: boolean;
    }
  | Forward
  /** Only what is stored was wanted, and that won't do. */
  | { readonly _tag: "Unavailable" };

export interface Forward {
  readonly _tag: "Forward";
  readonly because: Forwarded;
  /** What the upstream may confirm. */
  readonly selected: StoredResponse | undefined;
  /** Whether `selected` answers where the upstream fails or no call is left. */
  readonly mayFallBack: boolean;
  readonly detail?: string;
}

/** A reply with its head alone; `headers` as they are passed on. */
export interface Replied {
  readonly status: number;
  readonly headers: HeaderList;
  readonly requestAt: number;
  readonly responseAt: number;
}

export interface CacheRules {
  readonly policy: StoredResponse["policy"];
  /** `variants` of the key, as they are stored. */
  readonly plan: (asked: Asked, variants: readonly StoredResponse[], now: number) => Plan;
  /** Why `replied` is not kept, in a word or two for people; `undefined`: it is. */
  readonly refusal: (asked: Asked, replied: Replied) => string | undefined;
  readonly lifetime: (replied: Replied) => Lifetime;
  /** What is stored of the headers. */
  readonly storedHeaders: (replied: Replied) => HeaderList;
  /** Conditions that only an origin may judge are judged here. */
  readonly judgesAsOrigin: boolean;
  /** The upstream is asked for the whole, whatever part the client wants. */
  readonly asksForWhole: boolean;
}
