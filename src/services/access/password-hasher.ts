/**
 * Turns passwords into what may be stored, and knows them again.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";

export interface PasswordVerdict {
  readonly matches: boolean;
  /** The hash was made by weaker parameters than those of today. */
  readonly isOutdated: boolean;
}

/** Slow on purpose, and few are worked on at once. */
export class PasswordHasher extends Context.Service<
  PasswordHasher,
  {
    /** Names its own parameters. */
    readonly hash: (password: string) => Effect.Effect<string>;
    /** `hash` of nobody (`undefined`) takes as long, and never matches. */
    readonly verify: (
      password: string,
      hash: string | undefined,
    ) => Effect.Effect<PasswordVerdict>;
  }
>()("uni-cache/services/PasswordHasher") {}
