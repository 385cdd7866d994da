/**
 * Call ledgers and cooldowns in PostgreSQL, one row per source id.
 *
 * The row is locked while the domain decides, so callers queue up and each decides on
 * what the one before it left behind. The clock is read by a statement of its own, once the
 * lock is held: within one statement it could be read before the wait.
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
import {
  emptyQuota,
  giveBack,
  quotaAt,
  type StartDecision,
  startCalls,
} from "../../domain/quota/quota.ts";
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
    const readClock = database.run("CallQuota.readClock", async ({ sql }) => {
      const [row] = await sql<{ now: number }[]>`select uc_now() as now`;
      return row?.now ?? 0;
    });
    const store = (sourceId: string, record: QuotaRecord) =>
      database.run("CallQuota.store", ({ sql }) => storeRow(sql, sourceId, record));

    const changeCooldown = (
      sourceId: string,
      next: (now: number, old: Cooldown) => Cooldown,
    ) =>
      together(
        "CallQuota.changeCooldown",
        Effect.gen(function* () {
          const { state, cooldown: old } = yield* lock(sourceId);
          const cooldown = next(yield* readClock, old);
          if (cooldown !== old) yield* store(sourceId, { state, cooldown });
          return cooldown;
        }),
      );

    return CallQuota.of({
      spend: (sourceId, limit, wanted, use) =>
        together(
          "CallQuota.spend",
          Effect.gen(function* () {
            const { cooldown, state: stored } = yield* lock(sourceId);
            // The wait for the lock must not eat the permit: its time begins here.
            const notAfter = yield* monotonicMillis;
            const now = yield* readClock;
            const state = stored ?? emptyQuota(limit, now);
            const afterRefusal = cooldown.streak > 0;
            const spent = { used: 0, notAfter, afterRefusal, ticket: undefined };
            if (!cooledDown(cooldown, now)) {
              return { ...spent, retryAt: cooldown.until } satisfies Spent;
            }
            const free = Math.min(wanted, quotaAt(limit, state, now).remaining);
            const used = free === 0 ? 0 : yield* use(free);
            const decision = startCalls(limit, state, now, used);
            yield* store(sourceId, { state: decision.state, cooldown });
            if (free === wanted)
              return { ...spent, ...granted(decision), retryAt: undefined };
            const { retryAt } = startCalls(limit, decision.state, now, 1);
            return { ...spent, ...granted(decision), retryAt } satisfies Spent;
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

const granted = ({ granted, ticket }: StartDecision) => ({ used: granted, ticket });

interface Row {
  readonly state: string;
  readonly cooldown_until: number | null;
  readonly cooldown_streak: number;
}

async function lockRow(sql: Sql, sourceId: string): Promise<QuotaRecord> {
  const locked = () => sql<Row[]>`
    select state, cooldown_until, cooldown_streak from quotas
    where source_id = ${sourceId} for update`;
  const [row] = await locked();
  if (row !== undefined) return toRecord(row);
  await sql`
    insert into quotas (source_id, state) values (${sourceId}, '')
    on conflict (source_id) do nothing`;
  const [made] = await locked();
  if (made === undefined) throw new Error("Expected the quota row that was just made");
  return toRecord(made);
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
