/**
 * The admin's token and password: given by the environment, or made once and kept.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { randomBytes } from "node:crypto";
import {
  forgetSecret,
  keepSecret,
  type KeptSecret,
  readSecret,
} from "./adapters/secrets/kept-secret.ts";
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
  const { secret, isNew } = keepSecret(dataDir, TOKEN_FILE, () =>
    tokenFrom(randomBytes(32)),
  );
  const isInForce = yield* addAdminToken(secret);
  return tellOnce(dataDir, TOKEN_FILE, { secret, isNew, isInForce });
});

const ensurePassword = Effect.fnUntraced(function* (
  given: string | undefined,
  dataDir: string,
) {
  let kept: KeptSecret | undefined;
  const isInForce = yield* addAdminUser(() => {
    if (given !== undefined) return given;
    kept = keepSecret(dataDir, PASSWORD_FILE, () =>
      randomBytes(15).toString("base64url"),
    );
    return kept.secret;
  });
  if (kept === undefined || isInForce === undefined) return undefined;
  return tellOnce(dataDir, PASSWORD_FILE, { ...kept, isInForce });
});

/**
 * The secret, for the one process that has made its file, even where another of those that
 * start together has put it in force. A file that was made for nothing is forgotten: it
 * would name a secret that is of no use.
 */
function tellOnce(
  dataDir: string,
  file: string,
  { secret, isNew, isInForce }: KeptSecret & { readonly isInForce: boolean },
): string | undefined {
  if (isNew && !isInForce) forgetSecret(dataDir, file);
  return isNew && isInForce ? secret : undefined;
}
