/**
 * Turns passwords into what may be stored.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";

export class PasswordHasher extends Context.Service<
  PasswordHasher,
  {
    /** Slow on purpose; names its own parameters. */
    readonly hash: (password: string) => Effect.Effect<string>;
  }
>()("uni-cache/services/PasswordHasher") {}
