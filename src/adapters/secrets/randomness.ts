/**
 * Random bytes of the operating system.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import { randomBytes } from "node:crypto";
import { Randomness } from "../../services/access/randomness.ts";

export const layer = Layer.succeed(
  Randomness,
  Randomness.of({ bytes: (count) => new Uint8Array(randomBytes(count)) }),
);
