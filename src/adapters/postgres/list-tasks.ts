/**
 * A page of tasks, newest first: their ids begin with the time.
 *
 * @module
 */
import type { TaskFilter } from "../../services/refresh/task-queue.ts";
import type { Connection } from "./pool.ts";

/** Rows of `tasks` that fit `filter`, up to `limit`. */
export function pageOfTasks<Row extends object>(
  sql: Connection["sql"],
  { state, sourceIds, before }: TaskFilter,
  limit: number,
) {
  const ofState = state === undefined ? sql`` : sql`and state = ${state}`;
  const ofSource =
    sourceIds === undefined ? sql`` : sql`and source_id = any(${sourceIds as string[]})`;
  const older = before === undefined ? sql`` : sql`and id < ${before}`;
  return sql<Row[]>`
    select * from tasks where true ${ofState} ${ofSource} ${older}
    order by id desc limit ${limit}`;
}
