/**
 * The change log in PostgreSQL, with a registry of the processes that follow it.
 *
 * The row of `change_head` stays locked until its writer commits: numbers have no gaps
 * and follow the order of commits, so "everything up to `seq`" has a meaning. NOTIFY only
 * wakes; the log is the truth, and is looked at every second besides.
 *
 * A process writes back the last change it has applied. One that was not heard for
 * `SILENT_MILLIS` is taken to serve nothing from memory any more: it counts that time
 * from before it last reached the store, so it knows no later than the others.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import type { Change } from "../../domain/change.ts";
import { lookUntil, makeBell } from "../../services/bell.ts";
import { type BusEvent, ChangeBus } from "../../services/change-bus.ts";
import type { StoreUnavailable } from "../../services/errors.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import { DatabaseClock } from "./database-clock.ts";
import { Notifications } from "./notifications.ts";

const SILENT_MILLIS = 30_000;
/** A process not heard for this long is not waited for; it counts as not reached at once. */
const WAITED_FOR_MILLIS = 6_000;
const TURN_MILLIS = 1_000;
const ACKNOWLEDGE_MILLIS = 1_000;
const APPLY_MILLIS = 5_000;
const PAGE = 500;

type Apply = (event: BusEvent) => Effect.Effect<void, StoreUnavailable>;

export function layer(processId: string) {
  return Layer.effect(
    ChangeBus,
    Effect.gen(function* () {
      const database = yield* Database;
      const transaction = yield* Transaction;
      const notifications = yield* Notifications;
      const clock = yield* DatabaseClock;
      const { monotonicTimeNanosUnsafe } = yield* Clock.Clock;
      const monotonicMillis = () => Number(monotonicTimeNanosUnsafe()) / 1e6;

      const subscribers: Apply[] = [];
      const woken = makeBell();
      const applied = makeBell();
      const acknowledgement = makeBell();
      let heardAt = monotonicMillis();
      let appliedSeq = yield* register(database, processId);

      const tellAll = (event: BusEvent) =>
        Effect.forEach(subscribers, (apply) => apply(event), { discard: true });

      const lose = Effect.fnUntraced(function* () {
        const seq = yield* head(database);
        yield* tellAll({ _tag: "Lost", seq });
        appliedSeq = seq;
      });

      /** Reads and applies what is new, then says so. One turn at a time. */
      const turn = Effect.gen(function* () {
        const startedAt = monotonicMillis();
        let changed = startedAt - heardAt > SILENT_MILLIS;
        if (changed) yield* lose();
        for (;;) {
          const page = yield* changesAfter(database, appliedSeq);
          for (const logged of page) {
            if (logged.seq !== appliedSeq + 1) {
              yield* lose();
              break;
            }
            yield* tellAll({ _tag: "Logged", logged });
            appliedSeq = logged.seq;
          }
          changed ||= page.length > 0;
          if (page.length < PAGE) break;
        }
        yield* acknowledge(database, processId, appliedSeq, changed);
        heardAt = startedAt;
        if (changed) applied.ring();
      });

      yield* notifications.listen("uc_changes", woken.ring, woken.ring);
      yield* notifications.listen("uc_acks", acknowledgement.ring);

      const safeTurn = turn.pipe(
        Effect.catchTag("StoreUnavailable", (error) => Effect.logDebug(error.message)),
        Effect.catchCause((cause) =>
          Effect.logError("A turn of the change bus died", cause),
        ),
        Effect.as(false),
      );
      yield* lookUntil(woken, TURN_MILLIS, safeTurn).pipe(Effect.forkScoped);
      yield* clock.measure.pipe(
        Effect.repeat(Schedule.spaced("10 seconds")),
        Effect.delay("10 seconds"),
        Effect.forkScoped,
      );
      yield* Effect.addFinalizer(() => Effect.ignore(unregister(database, processId)));

      return ChangeBus.of({
        log: (change) =>
          transaction.together(
            "ChangeBus.log",
            database.run("ChangeBus.log", ({ sql }) => logChange(sql, change)),
          ),
        appliedSeq: Effect.sync(() => appliedSeq),
        appliedHere: (seq) =>
          Effect.suspend(() => {
            woken.ring();
            const reached = Effect.sync(() => appliedSeq >= seq);
            return lookUntil(applied, TURN_MILLIS, reached).pipe(
              Effect.timeoutOption(APPLY_MILLIS),
              Effect.asVoid,
            );
          }),
        acknowledged: Effect.fnUntraced(function* (seq) {
          woken.ring();
          const everyone = stillBehind(database, seq).pipe(
            Effect.map(({ waitedFor }) => waitedFor === 0),
          );
          yield* lookUntil(acknowledgement, 100, everyone).pipe(
            Effect.timeoutOption(ACKNOWLEDGE_MILLIS),
          );
          return (yield* stillBehind(database, seq)).unreached;
        }),
        subscribe: (apply) => Effect.sync(() => void subscribers.push(apply)),
        inTouch: Effect.sync(() => monotonicMillis() - heardAt <= SILENT_MILLIS),
      });
    }),
  );
}

type Db = Database["Service"];
type Sql = Parameters<Parameters<Db["run"]>[1]>[0]["sql"];

async function logChange(sql: Sql, change: Change): Promise<number> {
  const [row] = await sql<{ seq: number }[]>`
    with head as (update change_head set seq = seq + 1 returning seq)
    insert into changes (seq, logged_at, kind, change)
    select seq, uc_now(), ${change._tag}, ${JSON.stringify(change)}::text::jsonb from head
    returning seq`;
  await sql`select pg_notify('uc_changes', '')`;
  return row?.seq ?? 0;
}

const head = (database: Db) =>
  database.run("ChangeBus.head", async ({ sql }) => {
    const [row] = await sql<{ seq: number }[]>`select seq from change_head`;
    return row?.seq ?? 0;
  });

const changesAfter = (database: Db, seq: number) =>
  database.run(
    "ChangeBus.changesAfter",
    ({ sql }) => sql<{ seq: number; change: Change }[]>`
      select seq, change from changes where seq > ${seq} order by seq limit ${PAGE}`,
  );

/** Joins the registry at the head of the log: nothing is held in memory yet. */
const register = (database: Db, processId: string) =>
  database.run("ChangeBus.register", async ({ sql }) => {
    const [row] = await sql<{ applied_seq: number }[]>`
      insert into processes (id, started_at, heard_at, applied_seq)
      select ${processId}, uc_now(), uc_now(), seq from change_head
      returning applied_seq`;
    return row?.applied_seq ?? 0;
  });

const unregister = (database: Db, processId: string) =>
  database.run("ChangeBus.unregister", async ({ sql }) => {
    await sql`delete from processes where id = ${processId}`;
    await sql`select pg_notify('uc_acks', '')`;
  });

const acknowledge = (database: Db, processId: string, seq: number, tell: boolean) =>
  database.run("ChangeBus.acknowledge", async ({ sql }) => {
    await sql`
      insert into processes (id, started_at, heard_at, applied_seq)
      values (${processId}, uc_now(), uc_now(), ${seq})
      on conflict (id) do update set heard_at = uc_now(),
        applied_seq = greatest(processes.applied_seq, excluded.applied_seq)`;
    if (tell) await sql`select pg_notify('uc_acks', '')`;
  });

const stillBehind = (database: Db, seq: number) =>
  database.run("ChangeBus.stillBehind", async ({ sql }) => {
    const [row] = await sql<{ unreached: number; waited_for: number }[]>`
      select count(*) as unreached,
        count(*) filter (where heard_at > uc_now() - ${WAITED_FOR_MILLIS}::bigint) as waited_for
      from processes
      where applied_seq < ${seq} and heard_at > uc_now() - ${SILENT_MILLIS}::bigint`;
    return { unreached: row?.unreached ?? 0, waitedFor: row?.waited_for ?? 0 };
  });
