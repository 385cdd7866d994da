/**
 * Keeps passwords from being guessed, over all processes.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Trier } from "../../domain/access/login-throttle.ts";
import type { TooManyLogins } from "./errors.ts";
import type { StoreUnavailable } from "../errors.ts";

export class LoginThrottle extends Context.Service<
  LoginThrottle,
  {
    /** Counts a try, or fails where too many were made. */
    readonly admit: (
      trier: Trier,
    ) => Effect.Effect<void, StoreUnavailable | TooManyLogins>;
    /**
     * Takes the try back, and forgets those of the name before it: the password was right.
     * Those of other names from the same network stay.
     */
    readonly forget: (trier: Trier) => Effect.Effect<void, StoreUnavailable>;
  }
>()("uni-cache/services/LoginThrottle") {}
