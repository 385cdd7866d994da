/**
 * Revokes a token: nobody can call with it any more.
 *
 * The bootstrap token stays, for the next start would bring it back; starting with another
 * replaces it.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { BOOTSTRAP_TOKEN_ID } from "../../domain/access/token.ts";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { TokenNotFound, TokenNotRevocable } from "./errors.ts";
import { Transaction } from "../transaction.ts";
import { TokenStore } from "./token-store.ts";

/** Holds here before it ends, and in every process within a second. */
export const revokeToken = Effect.fn("revokeToken")(function* (tokenId: string) {
  const { together } = yield* Transaction;
  const bus = yield* ChangeBus;
  if (tokenId === BOOTSTRAP_TOKEN_ID) return yield* new TokenNotRevocable({ tokenId });
  yield* bus.appliedHere(yield* together("revokeToken", removeToken(tokenId)));
});

const removeToken = Effect.fnUntraced(function* (tokenId: string) {
  const store = yield* TokenStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const name = yield* store.remove(tokenId);
  if (name === undefined) return yield* new TokenNotFound({ tokenId });
  yield* audit.record({ action: "token.revoke", target: tokenId, details: { name } });
  return yield* bus.log({ _tag: "TokensChanged" });
});
