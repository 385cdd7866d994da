/**
 * Tries to log in, counted in PostgreSQL by the database's time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import {
  judgeTry,
  NAME_LIMIT,
  nameHash,
  NETWORK_LIMIT,
  networkHash,
  type TryLimit,
} from "../../domain/access/login-throttle.ts";
import { secondsUntil } from "../../domain/seconds-until.ts";
import { LoginThrottle } from "../../services/access/login-throttle.ts";
import { TooManyLogins } from "../../services/access/errors.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";

export const layer = Layer.effect(
  LoginThrottle,
  Effect.gen(function* () {
    const database = yield* Database;
    const { together } = yield* Transaction;

    const count = Effect.fnUntraced(function* (hash: Uint8Array, limit: TryLimit) {
      const { triedAt, now } = yield* take(database, hash);
      const verdict = judgeTry(triedAt, limit, now);
      if (verdict._tag === "Refused") {
        const retryAfterSeconds = secondsUntil(verdict.retryAt, now);
        return yield* new TooManyLogins({ retryAfterSeconds });
      }
      yield* keep(database, hash, verdict.triedAt, now + limit.millis);
    });

    return LoginThrottle.of({
      // The network first: whoever has its row waits for no other that holds one of a name.
      admit: (trier) =>
        together(
          "LoginThrottle.admit",
          Effect.andThen(
            count(networkHash(trier), NETWORK_LIMIT),
            count(nameHash(trier), NAME_LIMIT),
          ),
        ),
      forget: (trier) =>
        database.run("LoginThrottle.forget", async ({ sql }) => {
          await sql`delete from login_attempts where hash = ${nameHash(trier)}`;
          // The last one stands for this one: as many are left as there should be.
          await sql`
            update login_attempts set tried_at = tried_at[:cardinality(tried_at) - 1]
            where hash = ${networkHash(trier)}`;
        }),
    });
  }),
);

type Db = Database["Service"];

/** Takes the series' row for the transaction, and reads the time after it was waited for. */
const take = (database: Db, hash: Uint8Array) =>
  database.run("LoginThrottle.take", async ({ sql }) => {
    const [row] = await sql<{ tried_at: readonly number[]; now: number }[]>`
      insert into login_attempts as kept (hash, tried_at, ends_at) values (${hash}, '{}', 0)
      on conflict (hash) do update set hash = kept.hash
      returning tried_at, uc_now() as now`;
    if (row === undefined) throw new Error("Expected the row that was taken");
    return { triedAt: row.tried_at, now: row.now };
  });

const keep = (
  database: Db,
  hash: Uint8Array,
  triedAt: readonly number[],
  endsAt: number,
) =>
  database.run("LoginThrottle.keep", async ({ sql }) => {
    await sql`
      update login_attempts set tried_at = ${[...triedAt]}::bigint[], ends_at = ${endsAt}
      where hash = ${hash}`;
  });
