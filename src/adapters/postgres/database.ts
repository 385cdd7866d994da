/**
 * PostgreSQL as the programs see it: statements, and transactions that compose.
 *
 * @module
 */
import { DrizzleQueryError } from "drizzle-orm/errors";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import { StoreUnavailable } from "../../services/errors.ts";
import { Transaction } from "../../services/transaction.ts";
import type { DatabaseAddress } from "./address.ts";
import { GateShut } from "./gate.ts";
import {
  commit,
  type OpenTransaction,
  openTransaction,
  rollBack,
  runInside,
} from "./open-transaction.ts";
import { isOutage, isSilence } from "./outage.ts";
import {
  type Connection,
  defaultPoolOptions,
  openPool,
  type Pool,
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
        if (transaction !== undefined) return runInside(transaction, query);
        const leave = await pool.enter();
        const shared = pool.shared();
        const answer = (async () => query(shared))();
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

/** How the driver's rejections become failures and defects, and the gate hears of both. */
function attempt<A>(pool: Pool, operation: string, query: () => Promise<A>) {
  return Effect.tryPromise({ try: query, catch: driverError }).pipe(
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

/** Drizzle's own error tells the values of the query, which may be nobody's business. */
function driverError(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
}

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
          yield* attempt(pool, operation, () => commit(opened));
          return exit.value;
        }),
      ),
  });
}
