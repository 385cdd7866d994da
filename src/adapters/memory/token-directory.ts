/**
 * All tokens in memory, kept up by the change bus.
 *
 * A token is looked up by its hash, which tells a timing attacker nothing, and compared in
 * constant time besides.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { sameHash, tokenHash } from "../../domain/access/token.ts";
import { TokenDirectory } from "../../services/access/token-directory.ts";
import { type StoredToken, TokenStore } from "../../services/access/token-store.ts";
import { ChangeBus } from "../../services/change-bus.ts";

export const layer = Layer.effect(
  TokenDirectory,
  Effect.gen(function* () {
    const store = yield* TokenStore;
    const bus = yield* ChangeBus;
    let known = new Map<string, StoredToken>();

    const load = Effect.map(store.list, (tokens) => {
      known = new Map(tokens.map((token) => [nameOf(token.hash), token]));
    });
    yield* bus.subscribe((event) =>
      event._tag === "Lost" || event.logged.change._tag === "TokensChanged"
        ? load
        : Effect.void,
    );
    yield* load;

    return TokenDirectory.of({
      identify: (token, now) => {
        const hash = tokenHash(token);
        const found = known.get(nameOf(hash));
        if (found === undefined || !sameHash(found.hash, hash)) return undefined;
        if (found.expiresAt !== undefined && found.expiresAt <= now) return undefined;
        const { id, name, role, sources, projects } = found;
        return { by: "token", id, name, role, sources, projects };
      },
    });
  }),
);

const nameOf = (hash: Uint8Array) => Buffer.from(hash).toString("base64url");
