/**
 * Secrets under AES-256-GCM.
 *
 * A sealed secret is version, nonce (12 bytes), tag (16) and cipher text. The context is
 * authenticated with it. A nonce is random: 2^32 seals under one key are safe.
 *
 * Source: NIST SP 800-38D §8.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { SecretBox } from "../../services/source/secret-box.ts";

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const algorithm = "aes-256-gcm";

/** `key` has 32 bytes. */
export function layer(key: Uint8Array) {
  const keyId = createHash("sha256").update("uni-cache key id").update(key).digest("hex");
  const shortId = keyId.slice(0, 16);
  return Layer.succeed(
    SecretBox,
    SecretBox.of({
      keyId: shortId,
      seal: (text, context) => {
        const nonce = randomBytes(NONCE_BYTES);
        const cipher = createCipheriv(algorithm, key, nonce, {
          authTagLength: TAG_BYTES,
        });
        cipher.setAAD(Buffer.from(context));
        const parts = [cipher.update(text, "utf8"), cipher.final()];
        const bytes = Buffer.concat([
          Buffer.of(VERSION),
          nonce,
          cipher.getAuthTag(),
          ...parts,
        ]);
        return { keyId: shortId, bytes: new Uint8Array(bytes) };
      },
      open: ({ keyId: sealedBy, bytes }, context) => {
        if (sealedBy !== shortId || bytes[0] !== VERSION) return undefined;
        const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
        const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
        try {
          const cipher = createDecipheriv(algorithm, key, nonce, {
            authTagLength: TAG_BYTES,
          });
          cipher.setAAD(Buffer.from(context));
          cipher.setAuthTag(tag);
          const text = bytes.subarray(1 + NONCE_BYTES + TAG_BYTES);
          return cipher.update(text, undefined, "utf8") + cipher.final("utf8");
        } catch {
          return undefined;
        }
      },
    }),
  );
}
