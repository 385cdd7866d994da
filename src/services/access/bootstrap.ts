/**
 * Makes sure that there is an admin token and a user `admin`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { tokenHash } from "../../domain/access/token.ts";
import { ChangeBus } from "../change-bus.ts";
import { Transaction } from "../transaction.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { TokenStore } from "./token-store.ts";

const BOOTSTRAP_TOKEN = {
  id: "bootstrap",
  name: "bootstrap admin",
  role: "admin",
} as const;
const ADMIN = "admin";

/** Puts `token` in force in the place of the bootstrap token before it. */
export const replaceAdminToken = Effect.fn("replaceAdminToken")(function* (
  token: string,
) {
  const { together } = yield* Transaction;
  const store = yield* TokenStore;
  const bus = yield* ChangeBus;
  const replace = Effect.gen(function* () {
    const changed = yield* store.replace({ ...BOOTSTRAP_TOKEN, hash: tokenHash(token) });
    return changed ? yield* bus.log({ _tag: "TokensChanged" }) : 0;
  });
  yield* bus.appliedHere(yield* together("replaceAdminToken", replace));
});

/** Puts `token` in force if no bootstrap token is yet. Gives whether it was. */
export const addAdminToken = Effect.fn("addAdminToken")(function* (token: string) {
  const { together } = yield* Transaction;
  const store = yield* TokenStore;
  const bus = yield* ChangeBus;
  const add = Effect.gen(function* () {
    const added = yield* store.add({ ...BOOTSTRAP_TOKEN, hash: tokenHash(token) });
    return added ? yield* bus.log({ _tag: "TokensChanged" }) : 0;
  });
  const seq = yield* together("addAdminToken", add);
  yield* bus.appliedHere(seq);
  return seq > 0;
});

/** Makes the user `admin` with `password` unless there is one; an existing one keeps its own. */
export const addAdminUser = Effect.fn("addAdminUser")(function* (password: () => string) {
  const store = yield* TokenStore;
  const hasher = yield* PasswordHasher;
  if (yield* store.hasUser(ADMIN)) return false;
  const passwordHash = yield* hasher.hash(password());
  yield* store.addUser({ username: ADMIN, role: "admin", passwordHash });
  return true;
});
