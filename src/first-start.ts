/**
 * The admin's token and password: given by the environment, or made once and kept.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { randomBytes } from "node:crypto";
import { forgetSecret, keepSecret, readSecret } from "./adapters/secrets/kept-secret.ts";
import type { Config } from "./config.ts";
import { tokenFrom } from "./domain/access/token.ts";
import {
  addAdminToken,
  addAdminUser,
  replaceAdminToken,
} from "./services/access/bootstrap.ts";

const TOKEN_FILE = "admin-token";
const PASSWORD_FILE = "admin-password";

/** What was generated just now, to be shown this once. */
export interface Generated {
  readonly token: string | undefined;
  readonly password: string | undefined;
}

export const ensureAdmin = Effect.fn("ensureAdmin")(function* (
  config: Config,
  dataDir: string,
) {
  return {
    token: yield* ensureToken(config.adminToken, dataDir),
    password: yield* ensurePassword(config.adminPassword, dataDir),
  } satisfies Generated;
});

/** A token of the environment replaces any other, for good; a generated one replaces none. */
const ensureToken = Effect.fnUntraced(function* (
  given: string | undefined,
  dataDir: string,
) {
  if (given !== undefined) {
    yield* replaceAdminToken(given);
    if (readSecret(dataDir, TOKEN_FILE) !== given) forgetSecret(dataDir, TOKEN_FILE);
    return undefined;
  }
  const kept = readSecret(dataDir, TOKEN_FILE);
  const token = keepSecret(dataDir, TOKEN_FILE, () => tokenFrom(randomBytes(32)));
  const added = yield* addAdminToken(token);
  if (added) return kept === undefined ? token : undefined;
  // Another token is in force already: a file made just now would name one that is not.
  if (kept === undefined) forgetSecret(dataDir, TOKEN_FILE);
  return undefined;
});

const ensurePassword = Effect.fnUntraced(function* (
  given: string | undefined,
  dataDir: string,
) {
  let generated: string | undefined;
  yield* addAdminUser(() => {
    if (given !== undefined) return given;
    const kept = readSecret(dataDir, PASSWORD_FILE);
    const password = keepSecret(dataDir, PASSWORD_FILE, () =>
      randomBytes(15).toString("base64url"),
    );
    if (kept === undefined) generated = password;
    return password;
  });
  return generated;
});
