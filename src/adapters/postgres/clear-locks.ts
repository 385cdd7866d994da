/**
 * Advisory locks by the name of what is cleared, of one session for the whole process.
 *
 * Not of a transaction, for a clear can take several and is over only when every process
 * knows of it; and on a connection of their own, so that clears can't use up the pool.
 *
 * The server lets go of them when the session ends: with the process, with its machine
 * (keepalives), or when nothing was heard for `goneMillis` while something is held, as of a
 * process that was stopped. A session that is lost loses its locks: the next `keep` takes
 * them again if nobody else has. Two names that hash alike only make one of two clears fail
 * that could both have run.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { ClearLocks } from "../../services/clearing/clear-locks.ts";
import type { DatabaseAddress } from "./address.ts";
import * as Database from "./database.ts";
import { type Connection, defaultPoolOptions } from "./pool.ts";

/** The first half of the locks' numbers; 1 is of the queues. */
const CLEAR_LOCK = 2;
const GONE_MILLIS = 30_000;

/** `goneMillis`: how long a holder may be silent. Opens its connection with the first clear. */
export function layer(address: DatabaseAddress, goneMillis = GONE_MILLIS) {
  return Layer.effect(
    ClearLocks,
    Effect.map(Database.Database, ({ run }) => {
      // A session can take a lock twice: within the process this keeps them apart.
      const held = new Set<string>();

      const take = (what: string, session?: number) =>
        run("ClearLocks.take", ({ sql }) => takeLock(sql, what, session, goneMillis));
      const release = (what: string) =>
        Effect.suspend(() => {
          const millis = held.size > 1 ? goneMillis : 0;
          return run("ClearLocks.release", ({ sql }) => releaseLock(sql, what, millis));
        }).pipe(
          Effect.ignore({ log: "Warn" }),
          Effect.ensuring(Effect.sync(() => held.delete(what))),
        );

      const hold = Effect.fnUntraced(function* (what: string) {
        if (held.has(what)) return undefined;
        held.add(what);
        let taken = yield* Effect.onError(take(what), () =>
          Effect.sync(() => held.delete(what)),
        );
        if (!taken.mine) {
          held.delete(what);
          return undefined;
        }
        const keep = Effect.map(
          Effect.suspend(() => take(what, taken.session)),
          (kept) => {
            taken = kept;
            return kept.mine;
          },
        );
        return { keep };
      });

      return ClearLocks.of({
        hold: (what) =>
          Effect.acquireRelease(hold(what), (lock) =>
            lock === undefined ? Effect.void : release(what),
          ),
      });
    }),
  ).pipe(
    Layer.provide(Database.layer(address, { ...defaultPoolOptions, connections: 1 })),
  );
}

type Sql = Connection["sql"];

interface Taken {
  readonly mine: boolean;
  /** The session that has it, if it is ours. */
  readonly session: number;
}

/** Taken before by `session`, it is ours as long as that session lives. */
async function takeLock(
  sql: Sql,
  what: string,
  session: number | undefined,
  goneMillis: number,
): Promise<Taken> {
  const [row] = await sql<Taken[]>`
    select pg_backend_pid() as session,
      case when pg_backend_pid() = ${session ?? 0} then true
        else pg_try_advisory_lock(${CLEAR_LOCK}, hashtext(${what})) end as mine,
      set_config('idle_session_timeout', ${String(goneMillis)}, false),
      set_config('tcp_keepalives_idle', '10', false),
      set_config('tcp_keepalives_interval', '5', false),
      set_config('tcp_keepalives_count', '3', false)`;
  return row ?? { mine: false, session: 0 };
}

/** `goneMillis`: for what else is held; 0 where nothing is, and the session may be silent. */
async function releaseLock(sql: Sql, what: string, goneMillis: number): Promise<void> {
  await sql`
    select pg_advisory_unlock(${CLEAR_LOCK}, hashtext(${what})),
      set_config('idle_session_timeout', ${String(goneMillis)}, false)`;
}
