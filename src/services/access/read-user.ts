/**
 * Reads a user.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { UserNotFound } from "./errors.ts";
import { UserStore } from "./user-store.ts";

/** Fails for text that is no id as for one that no user has. */
export const readUser = Effect.fn("readUser")(function* (userId: string) {
  const user = yield* (yield* UserStore).find(yield* userIdIn(userId));
  if (user === undefined) return yield* new UserNotFound({ userId });
  return user;
});

/** Ids begin at 1, and are whole numbers that a client can hold. */
export const userIdIn = Effect.fnUntraced(function* (userId: string) {
  const id = /^[1-9]\d{0,15}$/.test(userId) ? Number(userId) : Number.NaN;
  if (!Number.isSafeInteger(id)) return yield* new UserNotFound({ userId });
  return id;
});
