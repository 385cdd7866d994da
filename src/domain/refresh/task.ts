/**
 * A task: one refresh of one key that was asked for, and its life.
 *
 * `queued → running → succeeded | failed`. A task whose worker is lost, or whose answer
 * came too late to be stored, is queued again.
 *
 * @module
 */
import { timeOrderedId } from "../time-ordered-id.ts";
import type { EntryId } from "../entry/entry.ts";

export type TaskState = "queued" | "running" | "succeeded" | "failed";

/** What is claimed first; equal priorities are served first come, first served. */
export const PRIORITY = {
  /** A reader waits for this very call. */
  waiting: 1,
  /** A reader was told to come back. */
  high: 2,
  normal: 3,
  low: 4,
  adaptive: 5,
} as const;

export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

/** How a refresh fails. */
export const REFRESH_FAILURES = [
  /** No connection could be made. */
  "UPSTREAM_UNREACHABLE",
  /** The answer did not come in time. */
  "UPSTREAM_TIMEOUT",
  /** The connection broke, or what came was not HTTP. */
  "UPSTREAM_BROKEN",
  /** The upstream answered with a status that is no answer for us. */
  "UPSTREAM_STATUS",
  /** The upstream refuses our credentials (401, 403). */
  "UPSTREAM_UNAUTHORIZED",
  /** A redirect that leaves the origin, or one too many. */
  "REDIRECT_REFUSED",
  "BODY_TOO_LARGE",
  /** The body is not what its content type or encoding says. */
  "BODY_INVALID",
  /** The key no longer fits the source's template. */
  "KEY_NOT_ADMITTED",
  "INTERNAL_ERROR",
] as const;

export type RefreshFailureCode = (typeof REFRESH_FAILURES)[number];

/** What the `error` of a task can say. */
export const TASK_ERRORS = [...REFRESH_FAILURES, "CANCELLED"] as const;

/** Why a task failed; `code` is stable, `detail` is for people and holds no secret. */
export interface TaskError {
  readonly code: (typeof TASK_ERRORS)[number];
  readonly detail: string;
}

export interface Task extends EntryId {
  readonly id: string;
  readonly sourceId: string;
  readonly state: TaskState;
  readonly priority: Priority;
  readonly queuedAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly error: TaskError | undefined;
}

/** How long a worker may be silent before its task is queued again. */
export const LEASE_MILLIS = 30_000;
/** How long an ended task is remembered, and how long a failure or success is told. */
export const REMEMBERED_MILLIS = 86_400_000;

/** 0 while queued, 0.5 while running, 1 at the end: one call has no other steps. */
export function progressOf(state: TaskState): number {
  return state === "queued" ? 0 : state === "running" ? 0.5 : 1;
}

/** An id that sorts by `now`, Unix ms: `t_` and 32 hexadecimal digits. */
export function taskId(now: number, random: Uint8Array): string {
  return timeOrderedId("t_", now, random);
}

/** Whether `text` could be the id of a task. */
export function isTaskId(text: string): boolean {
  return /^t_[0-9a-f]{32}$/.test(text);
}
