/**
 * Makes sure that there is an admin token and a user `admin`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { BOOTSTRAP_TOKEN_ID, sameHash, tokenHash } from "../../domain/access/token.ts";
import { asSystem } from "../audit/actor.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Transaction } from "../transaction.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { TokenStore } from "./token-store.ts";
import { UserStore } from "./user-store.ts";

const BOOTSTRAP_TOKEN = {
  id: BOOTSTRAP_TOKEN_ID,
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
  const audit = yield* Audit;
  const replace = Effect.gen(function* () {
    const changed = yield* store.replace({ ...BOOTSTRAP_TOKEN, hash: tokenHash(token) });
    if (!changed) return 0;
    yield* audit.record({ action: "token.replace", target: BOOTSTRAP_TOKEN.id });
    return yield* bus.log({ _tag: "TokensChanged" });
  }).pipe(asSystem);
  yield* bus.appliedHere(yield* together("replaceAdminToken", replace));
});

/**
 * Puts `token` in force if no bootstrap token is yet. Gives whether it is in force now,
 * whichever process put it there.
 */
export const addAdminToken = Effect.fn("addAdminToken")(function* (token: string) {
  const { together } = yield* Transaction;
  const store = yield* TokenStore;
  const bus = yield* ChangeBus;
  const audit = yield* Audit;
  const hash = tokenHash(token);
  const add = Effect.gen(function* () {
    const added = yield* store.add({ ...BOOTSTRAP_TOKEN, hash });
    if (!added) return 0;
    yield* audit.record({ action: "token.create", target: BOOTSTRAP_TOKEN.id });
    return yield* bus.log({ _tag: "TokensChanged" });
  }).pipe(asSystem);
  yield* bus.appliedHere(yield* together("addAdminToken", add));
  const inForce = (yield* store.list).find(({ id }) => id === BOOTSTRAP_TOKEN.id);
  return inForce !== undefined && sameHash(inForce.hash, hash);
});

/**
 * Makes the user `admin` with `password` where there is no user yet. Gives whether `admin`
 * has that password now, whichever process made it; `undefined` where there were users
 * before. Later there may be others in its place: one that was deleted does not come back.
 */
export const addAdminUser = Effect.fn("addAdminUser")(function* (password: () => string) {
  const { together } = yield* Transaction;
  const store = yield* UserStore;
  const hasher = yield* PasswordHasher;
  if ((yield* store.page(undefined, 1)).length > 0) return undefined;
  const given = password();
  const passwordHash = yield* hasher.hash(given);
  if (yield* together("addAdminUser", insertAdmin(passwordHash))) return true;
  const admin = yield* store.findByName(ADMIN);
  return (yield* hasher.verify(given, admin?.passwordHash)).matches;
});

const insertAdmin = Effect.fnUntraced(function* (passwordHash: string) {
  const store = yield* UserStore;
  const audit = yield* Audit;
  const draft = { username: ADMIN, role: "admin", isActive: true } as const;
  const user = yield* store.add({ ...draft, passwordHash });
  if (user === undefined) return false;
  const details = { username: ADMIN, role: draft.role, is_active: draft.isActive };
  yield* audit.record({ action: "user.create", target: `user:${user.id}`, details });
  return true;
}, asSystem);
