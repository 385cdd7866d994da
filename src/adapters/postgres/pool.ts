/**
 * The connections to PostgreSQL, behind the gate.
 *
 * A statement that the server does not answer is given up after `giveUpMillis`, and the
 * whole pool is replaced: what still sits in the old sockets can no longer commit.
 *
 * @module
 */
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { type DatabaseAddress, toPostgresOptions } from "./address.ts";
import { type Gate, type Leave, makeGate } from "./gate.ts";

/** One way to the database: SQL as written, or through Drizzle. */
export interface Connection {
  readonly sql: postgres.ISql<{ bigint: number }>;
  readonly orm: PostgresJsDatabase;
}

/** A connection, with the patience for its answers. */
export interface Patient extends Connection {
  /** Waits for `answer` as long as the server may take; then rejects with `GaveUp`. */
  readonly inTime: <A>(answer: PromiseLike<A>) => Promise<A>;
}

/** A connection of one's own, for a transaction. */
export interface Reserved extends Patient {
  /** Gives it back, ready for the next. */
  readonly release: () => void;
  /** For a connection that is gone or in doubt: it and its pool are replaced. */
  readonly discard: () => void;
}

export interface PoolOptions {
  readonly connections: number;
  /** For a connection while all are in use. */
  readonly waitMillis: number;
  readonly statementMillis: number;
  readonly giveUpMillis: number;
}

export const defaultPoolOptions: PoolOptions = {
  connections: 12,
  waitMillis: 2_000,
  statementMillis: 5_000,
  giveUpMillis: 6_000,
};

export class GaveUp extends Error {
  override readonly name = "GaveUp";
  readonly code = "UC_GAVE_UP";
}

export interface Pool {
  readonly gate: Gate;
  readonly enter: () => Promise<Leave>;
  readonly shared: () => Patient;
  readonly reserve: () => Promise<Reserved>;
  readonly close: () => Promise<void>;
}

/** Whole numbers of 64 bits arrive as numbers: every one we store is below 2^53. */
export const numberType = {
  to: 20,
  from: [20],
  serialize: (value: number) => String(value),
  parse: (text: string) => Number(text),
};

export function openPool(address: DatabaseAddress, options: PoolOptions): Pool {
  const given = toPostgresOptions(address);
  const open = () => {
    const sql = postgres({
      ...given,
      max: options.connections,
      connect_timeout: 5,
      backoff: () => 0.2,
      idle_timeout: 300,
      onnotice: () => {},
      types: { bigint: numberType },
      connection: {
        ...given.connection,
        application_name: "uni-cache",
        statement_timeout: options.statementMillis,
        lock_timeout: options.statementMillis - 1_000,
        // A process that is stopped in a transaction must not hold its locks for long.
        idle_in_transaction_session_timeout: options.statementMillis,
        jit: "off",
      },
    });
    return { sql, orm: drizzle(sql, { casing: "snake_case" }) };
  };
  const gate = makeGate({
    width: options.connections,
    length: 1_000,
    waitMillis: options.waitMillis,
    trip: 5,
    restMillis: 500,
    monotonic: () => performance.now(),
  });
  let current = open();

  const replace = (old: typeof current) => {
    if (old !== current) return;
    current = open();
    old.sql.end({ timeout: 1 }).catch(() => {});
  };

  const patienceWith =
    (pool: typeof current) =>
    <A>(answer: PromiseLike<A>) =>
      new Promise<A>((resolve, reject) => {
        const timer = setTimeout(() => {
          replace(pool);
          reject(new GaveUp("The store did not answer in time"));
        }, options.giveUpMillis);
        // Once: Drizzle runs a query again at each `then`.
        answer.then(resolve, reject).then(() => clearTimeout(timer));
      });

  return {
    gate,
    enter: gate.enter,
    shared: () => ({ ...current, inTime: patienceWith(current) }),
    reserve: async () => {
      const pool = current;
      const inTime = patienceWith(pool);
      const sql = await inTime(pool.sql.reserve());
      let orm: PostgresJsDatabase | undefined;
      return {
        sql,
        inTime,
        get orm() {
          // Safe because Drizzle reads nothing of a client but its options and `unsafe`.
          orm ??= drizzle(Object.assign(sql, { options: pool.sql.options }) as never, {
            casing: "snake_case",
          });
          return orm;
        },
        release: () => sql.release(),
        discard: () => replace(pool),
      };
    },
    close: () => current.sql.end({ timeout: 5 }),
  };
}
