/**
 * Turns passwords into what may be stored.
 *
 * @module
 */
import { Context, type Effect } from "effect";

export class PasswordHasher extends Context.Service<
  PasswordHasher,
  {
    /** Slow on purpose; names its own parameters. */
    readonly hash: (password: string) => Effect.Effect<string>;
  }
>()("uni-cache/services/PasswordHasher") {}
