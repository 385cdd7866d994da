/**
 * Bytes that nobody can guess.
 *
 * @module
 */
import * as Context from "effect/Context";

export class Randomness extends Context.Service<
  Randomness,
  { readonly bytes: (count: number) => Uint8Array }
>()("uni-cache/services/Randomness") {}
