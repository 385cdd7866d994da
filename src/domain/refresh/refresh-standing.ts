/**
 * How the refreshing of one key stands, and what follows from it for who asks for another.
 *
 * Instants are Unix milliseconds.
 *
 * @module
 */
import type { Priority, TaskError } from "./task.ts";

export interface RefreshStanding {
  /** The unfinished task of the key. */
  readonly task: UnfinishedTask | undefined;
  readonly failure: RefreshFailure | undefined;
}

export interface UnfinishedTask {
  readonly id: string;
  readonly state: "queued" | "running";
  readonly priority: Priority;
  readonly told: boolean;
}

/** The last refresh failed: readers don't ask again before `until`. */
export interface RefreshFailure {
  readonly error: TaskError;
  readonly failedAt: number;
  readonly until: number;
}

/** The failure whose back-off runs at `now`, if one does: asking again would not help. */
export function restingFailure(
  { failure }: RefreshStanding,
  now: number,
): RefreshFailure | undefined {
  return failure !== undefined && now < failure.until ? failure : undefined;
}

/** The unfinished task, where it is as good as one made for a caller with `priority` who is told of it. */
export function toldTask(
  { task }: RefreshStanding,
  priority: Priority,
): UnfinishedTask | undefined {
  return task !== undefined && task.told && task.priority <= priority ? task : undefined;
}
