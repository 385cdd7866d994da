/**
 * Tries to log in, counted in PostgreSQL by the database's time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import {
  MOST_TRIES,
  secondsUntilNewSeries,
  SERIES_MILLIS,
  trierHash,
} from "../../domain/access/login-throttle.ts";
import { LoginThrottle } from "../../services/access/login-throttle.ts";
import { TooManyLogins } from "../../services/errors.ts";
import { Database } from "./database.ts";

export const layer = Layer.effect(
  LoginThrottle,
  Effect.map(Database, (database) =>
    LoginThrottle.of({
      admit: Effect.fnUntraced(function* (trier) {
        const hash = trierHash(trier);
        // One statement: of many at once, on any process, no more get through than may.
        const admitted = yield* database.run(
          "LoginThrottle.admit",
          ({ sql }) => sql`
            insert into login_attempts as tried (hash, window_began_at, attempts)
            values (${hash}, uc_now(), 1)
            on conflict (hash) do update set
              attempts = case
                when tried.window_began_at <= uc_now() - ${SERIES_MILLIS}::bigint then 1
                else tried.attempts + 1 end,
              window_began_at = excluded.window_began_at
            where tried.attempts < ${MOST_TRIES}
              or tried.window_began_at <= uc_now() - ${SERIES_MILLIS}::bigint
            returning attempts`,
        );
        if (admitted.length === 1) return;
        const [last] = yield* database.run(
          "LoginThrottle.last",
          ({ sql }) => sql<{ last: number; now: number }[]>`
            select window_began_at as last, uc_now() as now
            from login_attempts where hash = ${hash}`,
        );
        const retryAfterSeconds =
          last === undefined ? 1 : secondsUntilNewSeries(last.last, last.now);
        return yield* new TooManyLogins({ retryAfterSeconds });
      }),
      forget: (trier) =>
        database.run("LoginThrottle.forget", async ({ sql }) => {
          await sql`delete from login_attempts where hash = ${trierHash(trier)}`;
        }),
    }),
  ),
);
