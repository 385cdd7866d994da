/**
 * All tokens in memory, kept up by the change bus.
 *
 * A token is looked up by its hash, which tells a timing attacker nothing, and compared in
 * constant time besides. When each was last used is gathered here, and written to the store
 * now and then.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import * as Semaphore from "effect/Semaphore";
import { sameHash, tokenHash } from "../../domain/access/token.ts";
import { TokenDirectory } from "../../services/access/token-directory.ts";
import { type StoredToken, TokenStore } from "../../services/access/token-store.ts";
import { ChangeBus } from "../../services/change-bus.ts";

const WRITE_PAUSE = "10 seconds";

export const layer = Layer.effect(
  TokenDirectory,
  Effect.gen(function* () {
    const store = yield* TokenStore;
    const bus = yield* ChangeBus;
    let known = new Map<string, StoredToken>();

    // One load after the other: of two at once the older could end last.
    const turn = (yield* Semaphore.make(1)).withPermits(1);

    const load = Effect.map(store.list, (tokens) => {
      known = new Map(tokens.map((token) => [nameOf(token.hash), token]));
    }).pipe(turn);
    yield* bus.subscribe((event) =>
      event._tag === "Lost" || event.logged.change._tag === "TokensChanged"
        ? load
        : Effect.void,
    );
    yield* load;

    let used = new Map<string, number>();
    const writeUses = Effect.suspend(() => {
      if (used.size === 0) return Effect.void;
      const written = used;
      used = new Map();
      return store.noteUses(written).pipe(
        Effect.tapCause(() =>
          Effect.sync(() => {
            used = new Map([...written, ...used]);
          }),
        ),
      );
    }).pipe(Effect.uninterruptible);
    // Before the loop, and so run after it: what was used until the end is written too.
    yield* Effect.addFinalizer(() => Effect.ignoreCause(writeUses, { log: "Warn" }));
    yield* writeUses.pipe(
      Effect.ignoreCause({ log: "Debug" }),
      Effect.repeat(Schedule.spaced(WRITE_PAUSE)),
      Effect.forkScoped,
    );

    return TokenDirectory.of({
      identify: (token, now) => {
        const hash = tokenHash(token);
        const found = known.get(nameOf(hash));
        if (found === undefined || !sameHash(found.hash, hash)) return undefined;
        if (found.expiresAt !== undefined && found.expiresAt <= now) return undefined;
        const { id, name, role, sources, projects } = found;
        used.set(id, now);
        return { by: "token", id, name, role, sources, projects };
      },
    });
  }),
);

const nameOf = (hash: Uint8Array) => Buffer.from(hash).toString("base64url");
