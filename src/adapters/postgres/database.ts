/**
 * PostgreSQL as the programs see it: statements, and transactions that compose.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import { StoreUnavailable } from "../../services/errors.ts";
import { Transaction } from "../../services/transaction.ts";
import type { DatabaseAddress } from "./address.ts";
import { GateShut } from "./gate.ts";
import { isLostConnection, isOutage, isSilence } from "./outage.ts";
import {
  type Connection,
  defaultPoolOptions,
  openPool,
  type Pool,
  type Patient,
  type PoolOptions,
} from "./pool.ts";

export class Database extends Context.Service<
  Database,
  {
    /**
     * Runs `query` on a connection, in the current transaction if there is one.
     *
     * An outage fails with `StoreUnavailable`. Any other rejection means that we wrote a
     * wrong query, and dies.
     */
    readonly run: <A>(
      operation: string,
      query: (connection: Connection) => PromiseLike<A>,
    ) => Effect.Effect<A, StoreUnavailable>;
    /**
     * Sends `query` as the last of the current transaction, together with the commit: where
     * every round trip counts. There must be a transaction; one such query in each.
     */
    readonly atCommit: (
      query: (connection: Connection) => PromiseLike<unknown>,
    ) => Effect.Effect<void>;
  }
>()("uni-cache/adapters/Database") {}

const CurrentTransaction = Context.Reference<OpenTransaction | undefined>(
  "uni-cache/adapters/CurrentTransaction",
  { defaultValue: () => undefined },
);

export function layer(
  address: DatabaseAddress,
  options: PoolOptions = defaultPoolOptions,
) {
  return Layer.effectContext(
    Effect.gen(function* () {
      const pool = yield* Effect.acquireRelease(
        Effect.sync(() => openPool(address, options)),
        (pool) => Effect.promise(() => pool.close().catch(() => {})),
      );
      return Context.make(Database, makeDatabase(pool)).pipe(
        Context.add(Transaction, makeTransaction(pool)),
      );
    }),
  );
}

function makeDatabase(pool: Pool): Database["Service"] {
  return Database.of({
    run: Effect.fnUntraced(function* (operation, query) {
      const transaction = yield* CurrentTransaction;
      return yield* attempt(pool, operation, async () => {
        if (transaction !== undefined) return inTransaction(transaction, query);
        const leave = await pool.enter();
        const shared = pool.shared();
        const answer = Promise.resolve(query(shared));
        // The place is free when the connection is, even if nobody waits any more.
        answer.then(leave, leave);
        return shared.inTime(answer);
      });
    }),
    atCommit: Effect.fnUntraced(function* (query) {
      const transaction = yield* CurrentTransaction;
      if (transaction === undefined) throw new Error("Expected a transaction to end");
      transaction.last = query;
    }),
  });
}

async function inTransaction<A>(
  opened: OpenTransaction,
  query: (connection: Connection) => PromiseLike<A>,
): Promise<A> {
  try {
    return await opened.inTime(query(opened));
  } catch (error) {
    opened.isLost ||= isLostConnection(error);
    throw error;
  }
}

/** How the driver's rejections become failures and defects, and the gate hears of both. */
function attempt<A>(pool: Pool, operation: string, query: () => Promise<A>) {
  return Effect.tryPromise({ try: query, catch: (cause) => cause }).pipe(
    Effect.tap(() => Effect.sync(() => pool.gate.ended("answered"))),
    Effect.tapError((cause) =>
      Effect.sync(() => {
        // Whom the gate turned away has learnt nothing about the store.
        if (cause instanceof GateShut) return;
        pool.gate.ended(isSilence(cause) ? "outage" : "answered");
      }),
    ),
    Effect.catch((cause) =>
      isOutage(cause)
        ? Effect.fail(new StoreUnavailable({ operation, cause }))
        : Effect.die(cause),
    ),
  );
}

/** From here on the server refuses the commit; counted by the server's own clock. */
const begin = (millis: number) =>
  `begin; select set_config('uc.deadline', (extract(epoch from clock_timestamp()) + ${millis / 1000})::text, true)`;

/** One message: when the first statement fails, the server skips the second. */
const commit =
  "select 1 / (extract(epoch from clock_timestamp()) < current_setting('uc.deadline')::float8)::int; commit";

const TRANSACTION_MILLIS = 10_000;

function makeTransaction(pool: Pool): Transaction["Service"] {
  return Transaction.of({
    together: (operation, body) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          if ((yield* CurrentTransaction) !== undefined) return yield* restore(body);

          const opened = yield* attempt(pool, operation, () => openTransaction(pool));
          const exit = yield* restore(
            body.pipe(Effect.provideService(CurrentTransaction, opened)),
          ).pipe(Effect.exit);
          if (Exit.isFailure(exit)) {
            yield* Effect.promise(() => rollBack(opened));
            return yield* exit;
          }
          yield* attempt(pool, operation, async () => {
            try {
              const last = Promise.resolve(opened.last?.(opened));
              const committed = opened.sql.unsafe(commit).simple();
              // After a failed last statement the server takes the commit as a rollback.
              await opened.inTime(Promise.all([last, committed]));
              opened.end("release");
            } catch (error) {
              opened.isLost ||= isLostConnection(error);
              await rollBack(opened);
              throw tooLate(error);
            }
          });
          return exit.value;
        }),
      ),
  });
}

/** `isLost`: the connection went in the middle. To be ended once. */
interface OpenTransaction extends Patient {
  isLost: boolean;
  /** To be sent with the commit. */
  last: ((connection: Connection) => PromiseLike<unknown>) | undefined;
  readonly end: (how: "release" | "discard") => void;
}

async function openTransaction(pool: Pool): Promise<OpenTransaction> {
  const leave = await pool.enter();
  try {
    const reserved = await pool.reserve();
    const end = (how: "release" | "discard") => {
      reserved[how]();
      leave();
    };
    try {
      await reserved.inTime(reserved.sql.unsafe(begin(TRANSACTION_MILLIS)).simple());
    } catch (error) {
      end("discard");
      throw error;
    }
    return Object.assign(reserved, { isLost: false, last: undefined, end });
  } catch (error) {
    leave();
    throw error;
  }
}

/** Never rejects: without a connection the server rolls back by itself. */
async function rollBack(opened: OpenTransaction): Promise<void> {
  if (opened.isLost) return opened.end("discard");
  await opened.inTime(opened.sql.unsafe("rollback").simple()).then(
    () => opened.end("release"),
    () => opened.end("discard"),
  );
}

/** The division by zero of `commit` says that the deadline had passed: an outage, not a bug. */
function tooLate(error: unknown): unknown {
  const divided = error instanceof Error && "code" in error && error.code === "22012";
  return divided
    ? Object.assign(new Error("The commit came too late"), { code: "UC_LATE" })
    : error;
}
