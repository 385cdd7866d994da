/**
 * Makes a token.
 *
 * The token itself is given once, here, and kept nowhere.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { tokenFrom, tokenHash, tokenId } from "../../domain/access/token.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Invalid } from "../errors.ts";
import { Transaction } from "../transaction.ts";
import { Randomness } from "./randomness.ts";
import { type StoredToken, TokenStore } from "./token-store.ts";

export type TokenDraft = Omit<StoredToken, "id" | "hash">;

/** Gives the token, and what was stored of it. Every process knows it within a second. */
export const createToken = Effect.fn("createToken")(function* (draft: TokenDraft) {
  const { together } = yield* Transaction;
  const random = yield* Randomness;
  const bus = yield* ChangeBus;
  const now = yield* Clock.currentTimeMillis;
  if (draft.expiresAt !== undefined && draft.expiresAt <= now) {
    const problems = [{ field: "expires_at", message: "Must be in the future" }];
    return yield* new Invalid({ problems });
  }
  const token = tokenFrom(random.bytes(32));
  const id = tokenId(now, random.bytes(10));

  const { record, seq } = yield* together(
    "createToken",
    insertToken({ ...draft, id, hash: tokenHash(token) }),
  );
  yield* bus.appliedHere(seq);
  return { token, record };
});

const insertToken = Effect.fnUntraced(function* (token: StoredToken) {
  const store = yield* TokenStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const record = yield* store.add(token);
  if (record === undefined) throw new Error("Expected a token id that is new");
  const { name, role, sources, projects } = token;
  const details = {
    name,
    role,
    ...(sources === undefined ? {} : { sources }),
    ...(projects === undefined ? {} : { projects }),
    ...(token.expiresAt === undefined
      ? {}
      : { expires_at: new Date(token.expiresAt).toISOString() }),
  };
  yield* audit.record({ action: "token.create", target: token.id, details });
  return { record, seq: yield* bus.log({ _tag: "TokensChanged" }) };
});
