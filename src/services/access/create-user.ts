/**
 * Makes a user who can log in.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { passwordFault } from "../../domain/access/password.ts";
import type { Role } from "../../domain/access/permission.ts";
import { MOST_USERNAME_CHARACTERS, usernameFrom } from "../../domain/access/user.ts";
import { Audit } from "../audit/audit.ts";
import { UserExists } from "./errors.ts";
import { Invalid } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { PasswordHasher } from "./password-hasher.ts";
import { type UserDraft, UserStore } from "./user-store.ts";

const NAME_RULE = `Must be 1 to ${MOST_USERNAME_CHARACTERS} characters of plain text without blanks at its ends`;

export interface NewUser {
  readonly username: string;
  readonly password: string;
  readonly role: Role;
  readonly isActive: boolean;
}

export const createUser = Effect.fn("createUser")(function* (wanted: NewUser) {
  const { together } = yield* Transaction;
  const hasher = yield* PasswordHasher;
  const username = usernameFrom(wanted.username);
  const fault = passwordFault(wanted.password, wanted.username);
  if (username === undefined || fault !== undefined) {
    return yield* new Invalid({
      problems: [
        ...(username === undefined ? [{ field: "username", message: NAME_RULE }] : []),
        ...(fault === undefined ? [] : [{ field: "password", message: fault }]),
      ],
    });
  }
  const passwordHash = yield* hasher.hash(wanted.password);
  const { role, isActive } = wanted;
  return yield* together(
    "createUser",
    insertUser({ username, role, isActive, passwordHash }),
  );
});

const insertUser = Effect.fnUntraced(function* (draft: UserDraft) {
  const store = yield* UserStore;
  const audit = yield* Audit;
  const { username, role, isActive } = draft;
  const user = yield* store.add(draft);
  if (user === undefined) return yield* new UserExists({ username });
  const details = { username, role, is_active: isActive };
  yield* audit.record({ action: "user.create", target: `user:${user.id}`, details });
  return user;
});
