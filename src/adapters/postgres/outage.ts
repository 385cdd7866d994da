/**
 * Tells an outage of the store from a wrong query.
 *
 * An outage is a failure that the same call may survive later: connection (SQLSTATE
 * class 08), authorization and database (28, 3D: the store is being set up or moved),
 * resources (53), system (58), shutdown (57P), a server that takes no connections (55000)
 * or only reads (25006), a statement
 * or lock that timed out (57014, 55P03), a session ended while idle in a transaction
 * (25P03), a deadlock or a lost race (40), and the codes that the driver and the operating system give to a connection that
 * never was.
 *
 * @module
 */
import * as Predicate from "effect/Predicate";

const outageCode =
  /^(08|25006|28|3D|40|53|57P|57014|55000|55P03|25P03|58|CONNECT|ECONN|ENOTFOUND|ENOENT|EPIPE|ETIMEDOUT|EACCES|UC_)/;

const lostCode = /^(08|25P03|57P|CONNECTION_|ECONN|EPIPE|UC_GAVE_UP)/;

/** Whether the same call may succeed later. */
export function isOutage(error: unknown): boolean {
  return hasCode(error, outageCode);
}

/** Whether the server did not answer at all; a lock that was not had, or a deadlock, is an answer. */
export function isSilence(error: unknown): boolean {
  return isOutage(error) && !hasCode(error, /^(40|55P03|57014|UC_LATE)/);
}

/** Whether the connection itself is gone: nothing may be sent on it any more. */
export function isLostConnection(error: unknown): boolean {
  return hasCode(error, lostCode);
}

/** Drizzle wraps the driver's error, so the whole chain of causes is searched. */
function hasCode(error: unknown, code: RegExp): boolean {
  if (!Predicate.isError(error)) return false;
  return code.test(errorCode(error)) || hasCode(error.cause, code);
}

function errorCode(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
