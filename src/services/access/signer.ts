/**
 * Marks what we hand out and expect back unchanged.
 *
 * @module
 */
import * as Context from "effect/Context";

export class Signer extends Context.Service<
  Signer,
  {
    /** The tag of `text` for one purpose, in base64url. Every process gives the same. */
    readonly sign: (purpose: string, text: string) => string;
    /** Whether `tag` is that of `text`; takes as long for every wrong one. */
    readonly verify: (purpose: string, text: string, tag: string) => boolean;
  }
>()("uni-cache/services/Signer") {}
