/**
 * Tasks in PostgreSQL.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { randomBytes } from "node:crypto";
import {
  LEASE_MILLIS,
  PRIORITY,
  type Priority,
  type Task,
  taskId,
  type TaskError,
} from "../../domain/refresh/task.ts";
import { hexHash } from "../../domain/entry/entry.ts";
import { QueueHasNoRoom, TaskQueue } from "../../services/refresh/task-queue.ts";
import { Transaction } from "../../services/transaction.ts";
import { claimKey, claimTasks } from "./claim-tasks.ts";
import { Database } from "./database.ts";
import { endTask } from "./end-task.ts";
import { countQueued, enqueueAll, enqueueFitting } from "./enqueue-tasks.ts";
import { pageOfTasks } from "./list-tasks.ts";
import { Notifications } from "./notifications.ts";

export function layer(processId: string) {
  return Layer.effect(
    TaskQueue,
    Effect.gen(function* () {
      const database = yield* Database;
      const { together } = yield* Transaction;
      const notifications = yield* Notifications;
      const clock = yield* Clock.Clock;
      const rings: (() => void)[] = [];
      const ringAll = () => rings.forEach((ring) => ring());
      yield* notifications.listen("uc_tasks", ringAll, ringAll);

      const newId = () => taskId(clock.currentTimeMillisUnsafe(), randomBytes(10));

      return TaskQueue.of({
        enqueue: (source, wanted, options) =>
          together(
            "TaskQueue.enqueue",
            Effect.gen(function* () {
              const enqueued = yield* database.run("TaskQueue.enqueue", ({ sql }) =>
                enqueueAll(sql, newId, source, wanted, options),
              );
              if (enqueued !== undefined) return enqueued;
              return yield* new QueueHasNoRoom({ sourceId: source.id });
            }),
          ),

        enqueueFitting: (source, wanted, options) =>
          together(
            "TaskQueue.enqueueFitting",
            database.run("TaskQueue.enqueueFitting", ({ sql }) =>
              enqueueFitting(sql, newId, source, wanted, options),
            ),
          ),

        claim: (source, limit, worst) =>
          together(
            "TaskQueue.claim",
            database.run("TaskQueue.claim", ({ sql }) =>
              claimTasks(sql, processId, source, limit, worst),
            ),
          ),

        claimKey: (source, wanted, priority) =>
          database.run("TaskQueue.claimKey", ({ sql }) =>
            claimKey(sql, processId, newId(), source, wanted, priority),
          ),

        renewLeases: (taskIds) =>
          database.run("TaskQueue.renewLeases", async ({ sql }) => {
            await sql`
              update tasks set lease_until = uc_now() + ${LEASE_MILLIS}::bigint
              where id = any(${taskIds as string[]}) and state = 'running'
                and leased_by = ${processId}`;
          }),

        end: (claimed, error) =>
          together(
            "TaskQueue.end",
            database.run("TaskQueue.end", ({ sql }) =>
              endTask(sql, processId, claimed, error),
            ),
          ),

        putBack: (taskIds) =>
          database.run("TaskQueue.putBack", async ({ sql }) => {
            await sql`
              update tasks set state = 'queued', started_at = null, lease_until = null, leased_by = null
              where id = any(${taskIds as string[]}) and state = 'running'
                and leased_by = ${processId}`;
            if (taskIds.length > 0) await sql`select pg_notify('uc_tasks', '')`;
          }),

        reclaim: database.run("TaskQueue.reclaim", async ({ sql }) => {
          const rows = await sql`
            update tasks set state = 'queued', started_at = null, lease_until = null, leased_by = null
            where state = 'running' and lease_until < uc_now()`;
          return rows.count;
        }),

        promote: (ids) =>
          database.run("TaskQueue.promote", async ({ sql }) => {
            await sql`
              update tasks set priority = ${PRIORITY.waiting}
              where state = 'queued' and priority > ${PRIORITY.waiting} and key_hash in (
                select decode(hash, 'hex') from unnest(${ids.map(hexHash)}::text[]) w (hash)
              )`;
            await sql`select pg_notify('uc_tasks', '')`;
          }),

        demote: (ids) =>
          database.run("TaskQueue.demote", async ({ sql }) => {
            await sql`
              update tasks set priority = ${PRIORITY.normal}
              where state = 'queued' and priority = ${PRIORITY.waiting} and key_hash in (
                select decode(hash, 'hex') from unnest(${ids.map(hexHash)}::text[]) l (hash)
              )`;
          }),

        queuedBesides: (source, id, most, worst) =>
          database.run("TaskQueue.queuedBesides", async ({ sql }) => {
            const [row] = await sql<{ count: number }[]>`
              select count(*) as count from (
                select 1 from tasks where source_id = ${source.id} and state = 'queued'
                  and space = ${id.space} and priority <= ${worst} and key <> ${id.key}
                limit ${most}
              ) others`;
            return row?.count ?? 0;
          }),

        queueLengths: (spaces) =>
          database.run("TaskQueue.queueLengths", async ({ sql }) => {
            const rows = await sql<{ space: string; count: number }[]>`
              select space, count(*) as count from tasks
              where state = 'queued' and space = any(${spaces as string[]})
              group by space`;
            return new Map(rows.map(({ space, count }) => [space, count]));
          }),

        cancelAll: (sourceId) =>
          database.run("TaskQueue.cancelAll", async ({ sql }) => {
            await sql`
              delete from tasks where source_id = ${sourceId} and state = 'queued' and not told`;
            await sql`
              update tasks set state = 'failed', ended_at = uc_now(), error_code = 'CANCELLED',
                error_detail = 'The source was deleted or changed'
              where source_id = ${sourceId} and state = 'queued'`;
          }),

        cancel: (taskId) =>
          database.run("TaskQueue.cancel", async ({ sql }) => {
            const cancelled = await sql`
              update tasks set state = 'failed', told = true, ended_at = uc_now(),
                error_code = 'CANCELLED', error_detail = 'Cancelled on request'
              where id = ${taskId} and state = 'queued'`;
            return cancelled.count === 1;
          }),

        sourcesWithWork: (worst) =>
          database.run("TaskQueue.sourcesWithWork", async ({ sql }) => {
            const rows = await sql<{ id: string }[]>`
              select s.id from sources s where exists (
                select 1 from tasks t where t.source_id = s.id and t.state = 'queued'
                  and t.space = 's' || s.epoch and t.priority <= ${worst}
              )`;
            return rows.map(({ id }) => id);
          }),

        queuedUpTo: (source, most, worst) =>
          database.run("TaskQueue.queuedUpTo", ({ sql }) =>
            countQueued(sql, source, most, worst),
          ),

        placeOf: (taskId, most) =>
          database.run("TaskQueue.placeOf", async ({ sql }) => {
            const [row] = await sql<{ before: number }[]>`
              select count(*) as before from (
                select 1 from tasks q, tasks me
                where me.id = ${taskId} and q.source_id = me.source_id and q.state = 'queued'
                  and q.space = me.space
                  and (q.priority, q.place) < (me.priority, me.place)
                limit ${most}
              ) ahead`;
            return row?.before ?? 0;
          }),

        find: (id) =>
          database.run("TaskQueue.find", async ({ sql }) => {
            const [row] = await sql<TaskRow[]>`select * from tasks where id = ${id}`;
            return row === undefined ? undefined : toTask(row);
          }),

        list: (filter, limit) =>
          database.run("TaskQueue.list", async ({ sql }) => {
            const rows = await pageOfTasks<TaskRow>(sql, filter, limit);
            return rows.map(toTask);
          }),

        onWork: (ring) => Effect.sync(() => void rings.push(ring)),
      });
    }),
  );
}

interface TaskRow {
  readonly id: string;
  readonly source_id: string;
  readonly space: string;
  readonly key: string;
  readonly priority: Priority;
  readonly state: Task["state"];
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly error_code: TaskError["code"] | null;
  readonly error_detail: string | null;
}

function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    sourceId: row.source_id,
    space: row.space,
    key: row.key,
    state: row.state,
    priority: row.priority,
    queuedAt: row.queued_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    error:
      row.error_code === null
        ? undefined
        : { code: row.error_code, detail: row.error_detail ?? "" },
  };
}
