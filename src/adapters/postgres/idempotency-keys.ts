/**
 * The answers of requests that name themselves, in PostgreSQL.
 *
 * A row is a request: running while it has a lease, else answered. Who inserts the row, or
 * takes over one that nobody holds any more, carries the request out; `begun_at` tells one
 * carrying out from the next.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import {
  type FirstRequest,
  KEPT_MILLIS,
  planRepeat,
  RUN_LEASE_MILLIS,
} from "../../domain/idempotency/repeat-plan.ts";
import type { Answer } from "../../domain/idempotency/kept-answer.ts";
import {
  type Beginning,
  IdempotencyKeys,
  type RequestName,
  type RequestRun,
} from "../../services/idempotency/idempotency-keys.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

/** A row can go between two statements; that it goes every time is no accident. */
const LOOKS = 5;

export const layer = Layer.effect(
  IdempotencyKeys,
  Effect.map(Database, (database) =>
    IdempotencyKeys.of({
      begin: (name, fingerprint) =>
        database.run("IdempotencyKeys.begin", ({ sql }) => begin(sql, name, fingerprint)),
      answered: (run, answer) =>
        database.run("IdempotencyKeys.answered", ({ sql }) =>
          keepAnswer(sql, run, answer),
        ),
      forget: (run) =>
        database.run("IdempotencyKeys.forget", async ({ sql }) => {
          await sql`delete from idempotency_keys where ${isStill(sql, run)}`;
        }),
    }),
  ),
);

async function begin(
  sql: Sql,
  name: RequestName,
  fingerprint: Uint8Array,
): Promise<Beginning> {
  for (let look = 0; look < LOOKS; look++) {
    const begunAt = await takeName(sql, name, fingerprint);
    if (begunAt !== undefined) return { _tag: "Begun", run: { ...name, begunAt } };
    const { first, now } = await firstRequest(sql, name);
    const plan = planRepeat(first, fingerprint, now);
    if (plan._tag !== "Begin") return plan;
  }
  return { _tag: "StillRunning" };
}

/**
 * Inserts the row, or takes it over where `planRepeat` says `Begin`: in one statement, so
 * that of many at once one is given the instant of its begin.
 */
async function takeName(
  sql: Sql,
  { caller, key }: RequestName,
  fingerprint: Uint8Array,
): Promise<number | undefined> {
  const [row] = await sql<{ begun_at: number }[]>`
    insert into idempotency_keys as first (caller, key, fingerprint, begun_at, lease_until)
    select ${caller}, ${key}, ${fingerprint}, now, now + ${RUN_LEASE_MILLIS}::bigint
    from (select uc_now() as now) clock
    on conflict (caller, key) do update set
      fingerprint = excluded.fingerprint, begun_at = excluded.begun_at,
      lease_until = excluded.lease_until, status = null, headers = null, body = null
    where first.begun_at <= excluded.begun_at - ${KEPT_MILLIS}::bigint
      or (first.lease_until <= excluded.begun_at and first.fingerprint = excluded.fingerprint)
    returning begun_at`;
  return row?.begun_at;
}

interface Row {
  readonly now: number;
  readonly fingerprint: Uint8Array;
  readonly begun_at: number;
  readonly lease_until: number | null;
  readonly status: number | null;
  readonly headers: Answer["headers"] | null;
  readonly body: Uint8Array | null;
}

async function firstRequest(sql: Sql, { caller, key }: RequestName) {
  const [row] = await sql<Row[]>`
    select uc_now() as now, fingerprint, begun_at, lease_until, status, headers, body
    from idempotency_keys where caller = ${caller} and key = ${key}`;
  return { first: row === undefined ? undefined : toFirst(row), now: row?.now ?? 0 };
}

function toFirst(row: Row): FirstRequest {
  const { fingerprint, begun_at: begunAt, lease_until: leaseUntil } = row;
  if (leaseUntil !== null) {
    return { fingerprint, begunAt, progress: { _tag: "Running", leaseUntil } };
  }
  const { status, headers, body } = row;
  if (status === null || headers === null || body === null) {
    throw new Error("Expected an answer where nothing runs");
  }
  const answer = { status, headers, body };
  return { fingerprint, begunAt, progress: { _tag: "Answered", answer } };
}

async function keepAnswer(sql: Sql, run: RequestRun, answer: Answer): Promise<void> {
  await sql`
    update idempotency_keys set lease_until = null, status = ${answer.status},
      headers = ${JSON.stringify(answer.headers)}::text::jsonb, body = ${answer.body}
    where ${isStill(sql, run)}`;
}

/** The row of this very carrying out, not yet answered. */
const isStill = (sql: Sql, { caller, key, begunAt }: RequestRun) => sql`
  caller = ${caller} and key = ${key} and begun_at = ${begunAt}::bigint
    and lease_until is not null`;
