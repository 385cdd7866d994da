/**
 * Keeps secrets that the store holds from everyone who reads the store.
 *
 * @module
 */
import * as Context from "effect/Context";

/** A secret at rest, and the key it was sealed with. */
export interface Sealed {
  readonly keyId: string;
  readonly bytes: Uint8Array;
}

export class SecretBox extends Context.Service<
  SecretBox,
  {
    readonly keyId: string;
    /** Seals `text` for one place, named by `context`: sealed text moved elsewhere won't open. */
    readonly seal: (text: string, context: string) => Sealed;
    /** The text, or `undefined` when the key or the context is another, or a bit was changed. */
    readonly open: (sealed: Sealed, context: string) => string | undefined;
  }
>()("uni-cache/services/SecretBox") {}
