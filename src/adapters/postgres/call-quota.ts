/**
 * Call ledgers and cooldowns in PostgreSQL, one row per source id.
 *
 * The row is locked while the domain decides, so callers queue up and each decides on
 * what the one before it left behind. The clock is read after the lock was taken.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import {
  accepted,
  type Cooldown,
  cooledDown,
  NO_COOLDOWN,
  refusedBy,
} from "../../domain/quota/cooldown.ts";
import type { QuotaRecord } from "../../domain/quota/budget.ts";
import { decodeQuota, encodeQuota } from "../../domain/quota/quota-record.ts";
import { emptyQuota, giveBack, quotaAt, startCalls } from "../../domain/quota/quota.ts";
import { CallQuota, type Spent } from "../../services/quota/call-quota.ts";
import { monotonicMillis } from "../../services/quota/permit.ts";
import { Transaction } from "../../services/transaction.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

type Sql = Connection["sql"];

export const layer = Layer.effect(
  CallQuota,
  Effect.gen(function* () {
    const database = yield* Database;
    const { together } = yield* Transaction;

    const lock = (sourceId: string) =>
      database.run("CallQuota.lock", ({ sql }) => lockRow(sql, sourceId));
    const store = (sourceId: string, record: QuotaRecord) =>
      database.run("CallQuota.store", ({ sql }) => storeRow(sql, sourceId, record));

    const changeCooldown = (
      sourceId: string,
      next: (now: number, old: Cooldown) => Cooldown,
    ) =>
      together(
        "CallQuota.changeCooldown",
        Effect.gen(function* () {
          const { now, state, cooldown: old } = yield* lock(sourceId);
          const cooldown = next(now, old);
          if (cooldown !== old) yield* store(sourceId, { state, cooldown });
          return cooldown;
        }),
      );

    return CallQuota.of({
      spend: (sourceId, limit, wanted, use) =>
        together(
          "CallQuota.spend",
          Effect.gen(function* () {
            const askedAt = yield* monotonicMillis;
            const { cooldown, now: before, ...locked } = yield* lock(sourceId);
            const state = locked.state ?? emptyQuota(limit, before);
            const afterRefusal = cooldown.streak > 0;
            const none = { used: 0, afterRefusal, ticket: undefined, notAfter: 0 };
            if (!cooledDown(cooldown, before)) {
              return { ...none, retryAt: cooldown.until } satisfies Spent;
            }
            const free = Math.min(wanted, quotaAt(limit, state, before).remaining);
            if (free === 0) {
              const refusal = startCalls(limit, state, before, 1);
              if (refusal.state.steppedBackMillis !== state.steppedBackMillis) {
                yield* store(sourceId, { state: refusal.state, cooldown });
              }
              return { ...none, retryAt: refusal.retryAt } satisfies Spent;
            }
            const used = yield* use(free);

            // A permit's time begins here, so that neither the lock nor `use` eats of it. What
            // was free then still is; the calls count from the latest it can be at the store.
            const notAfter = yield* monotonicMillis;
            const now = before + Math.ceil(notAfter - askedAt);
            const { granted, ticket, ...decision } = startCalls(limit, state, now, used);
            if (granted < used)
              throw new Error("Expected calls that are free to stay so");
            const next = { state: decision.state, cooldown };
            yield* database.atCommit(({ sql }) => storeRow(sql, sourceId, next));
            const { retryAt } = startCalls(limit, decision.state, now, 1);
            return {
              used,
              notAfter,
              afterRefusal,
              ticket,
              retryAt: free < wanted ? retryAt : undefined,
            } satisfies Spent;
          }),
        ),

      giveBack: (sourceId, limit, ticket) =>
        together(
          "CallQuota.giveBack",
          Effect.gen(function* () {
            const { state, cooldown } = yield* lock(sourceId);
            if (state === undefined) return;
            yield* store(sourceId, {
              state: giveBack(limit, state, ticket, 1),
              cooldown,
            });
          }),
        ),

      refused: (sourceId, notBefore) =>
        changeCooldown(sourceId, (now, old) => refusedBy(old, now, notBefore)).pipe(
          Effect.map(({ until }) => until ?? 0),
        ),

      accepted: (sourceId) =>
        changeCooldown(sourceId, (_, old) => accepted(old)).pipe(Effect.asVoid),

      endCooldown: (sourceId) =>
        changeCooldown(sourceId, () => NO_COOLDOWN).pipe(Effect.asVoid),

      look: (sourceIds) =>
        database.run("CallQuota.look", async ({ sql }) => {
          const rows = await sql<(Row & { source_id: string })[]>`
            select source_id, state, cooldown_until, cooldown_streak
            from quotas where source_id = any(${sourceIds as string[]})`;
          return new Map(rows.map((row) => [row.source_id, toRecord(row)]));
        }),
    });
  }),
);

interface Row {
  readonly state: string;
  readonly cooldown_until: number | null;
  readonly cooldown_streak: number;
}

interface LockedRecord extends QuotaRecord {
  /** Not before the row was locked. */
  readonly now: number;
}

async function lockRow(sql: Sql, sourceId: string): Promise<LockedRecord> {
  // The outer query reads the clock, once the inner one has the lock.
  const locked = () => sql<(Row & { now: number })[]>`
    with locked as materialized (
      select state, cooldown_until, cooldown_streak from quotas
      where source_id = ${sourceId} for update
    )
    select *, uc_now() as now from locked`;
  const [row] = await locked();
  if (row !== undefined) return { ...toRecord(row), now: row.now };
  await sql`
    insert into quotas (source_id, state) values (${sourceId}, '')
    on conflict (source_id) do nothing`;
  const [made] = await locked();
  if (made === undefined) throw new Error("Expected the quota row that was just made");
  return { ...toRecord(made), now: made.now };
}

async function storeRow(sql: Sql, sourceId: string, record: QuotaRecord): Promise<void> {
  const { state, cooldown } = record;
  await sql`
    update quotas set
      state = ${state === undefined ? "" : encodeQuota(state)},
      cooldown_until = ${cooldown.until ?? null}, cooldown_streak = ${cooldown.streak}
    where source_id = ${sourceId}`;
}

/** An empty state is a source that was never called; any other must be readable. */
function toRecord(row: Row): QuotaRecord {
  const state = row.state === "" ? undefined : decodeQuota(row.state);
  if (row.state !== "" && state === undefined) {
    throw new Error("Cannot read a stored quota: another version wrote it");
  }
  return {
    state,
    cooldown: { until: row.cooldown_until ?? undefined, streak: row.cooldown_streak },
  };
}
