/**
 * One transaction on a connection of its own, from `begin` to its end.
 *
 * Its deadline is on the server: a commit that the server reaches too late is refused by
 * it, so that what was reported as failed is not carried out after all.
 *
 * @module
 */
import { isLostConnection } from "./outage.ts";
import type { Connection, Patient, Pool } from "./pool.ts";

const TRANSACTION_MILLIS = 10_000;

/** From this deadline on the server refuses the commit; counted by the server's own clock. */
const begin = (millis: number) =>
  `begin; select set_config('uc.deadline', (extract(epoch from clock_timestamp()) + ${millis / 1000})::text, true)`;

/** One message: when the first statement fails, the server skips the second. */
const commitInTime =
  "select 1 / (extract(epoch from clock_timestamp()) < current_setting('uc.deadline')::float8)::int; commit";

/** `isLost`: the connection went in the middle. To be ended once. */
export interface OpenTransaction extends Patient {
  isLost: boolean;
  /** Sent and not waited for: the first statement travels with it. */
  readonly begun: Promise<unknown>;
  /** To be sent with the commit. */
  last: ((connection: Connection) => PromiseLike<unknown>) | undefined;
  readonly end: (how: "release" | "discard") => void;
}

export async function openTransaction(pool: Pool): Promise<OpenTransaction> {
  const leave = await pool.enter();
  try {
    const reserved = await pool.reserve();
    const end = (how: "release" | "discard") => {
      reserved[how]();
      leave();
    };
    const begun = reserved.inTime(
      reserved.sql.unsafe(begin(TRANSACTION_MILLIS)).simple(),
    );
    // Whoever runs the first statement hears of it.
    begun.catch(() => {});
    return Object.assign(reserved, { isLost: false, begun, last: undefined, end });
  } catch (error) {
    leave();
    throw error;
  }
}

/** Runs `query` in the transaction, and notes when the connection is lost with it. */
export async function runInside<A>(
  opened: OpenTransaction,
  query: (connection: Connection) => PromiseLike<A>,
): Promise<A> {
  try {
    const [answer] = await Promise.all([opened.inTime(query(opened)), opened.begun]);
    return answer;
  } catch (error) {
    opened.isLost ||= isLostConnection(error);
    throw error;
  }
}

/** Sends the last statement, if there is one, and the commit. */
export async function commit(opened: OpenTransaction): Promise<void> {
  try {
    const last = Promise.resolve(opened.last?.(opened));
    const committed = opened.sql.unsafe(commitInTime).simple();
    // After a failed last statement the server refuses the rest of the transaction.
    await opened.inTime(Promise.all([opened.begun, last, committed]));
    opened.end("release");
  } catch (error) {
    opened.isLost ||= isLostConnection(error);
    await rollBack(opened);
    throw tooLate(error);
  }
}

/** Never rejects: without a connection the server rolls back by itself. */
export async function rollBack(opened: OpenTransaction): Promise<void> {
  if (opened.isLost) return opened.end("discard");
  await opened.inTime(opened.sql.unsafe("rollback").simple()).then(
    () => opened.end("release"),
    () => opened.end("discard"),
  );
}

/** The division by zero of the commit says that the deadline had passed: an outage, not a bug. */
function tooLate(error: unknown): unknown {
  const divided = error instanceof Error && "code" in error && error.code === "22012";
  return divided
    ? Object.assign(new Error("The commit came too late"), { code: "UC_LATE" })
    : error;
}
