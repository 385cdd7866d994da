/**
 * A task on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { progressOf, type Task, TASK_ERRORS } from "../../../domain/refresh/task.ts";
import { toInstant, toInstantOrNull } from "../../wire.ts";

export const TaskIdSchema = z
  .string()
  .openapi({ example: "t_019a9f3c2b1e4d5f60718293a4b5c6d7" });

export const TaskIdParam = z.object({
  task_id: z.string().openapi({
    description: "The task's id",
    example: "t_019a9f3c2b1e4d5f60718293a4b5c6d7",
    param: { name: "task_id", in: "path" },
  }),
});

export const TaskStateSchema = z.enum(["queued", "running", "succeeded", "failed"]);

export const TaskSchema = z
  .object({
    task_id: TaskIdSchema,
    source_id: z.string().openapi({ example: "weather" }),
    key: z.string().openapi({ example: "/weather/Shanghai" }),
    state: TaskStateSchema,
    progress: z.number().min(0).max(1).openapi({ example: 1 }),
    queued_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    ended_at: z.iso.datetime().nullable(),
    error: z
      .object({
        code: z.enum(TASK_ERRORS).openapi({ example: "UPSTREAM_STATUS" }),
        detail: z.string().openapi({ example: "Upstream answered 500" }),
      })
      .nullable()
      .openapi({ description: "Why it failed" }),
  })
  .openapi("Task");

export function toWire(task: Task): z.infer<typeof TaskSchema> {
  return {
    task_id: task.id,
    source_id: task.sourceId,
    key: task.key,
    state: task.state,
    progress: progressOf(task.state),
    queued_at: toInstant(task.queuedAt),
    started_at: toInstantOrNull(task.startedAt),
    ended_at: toInstantOrNull(task.endedAt),
    error: task.error === undefined ? null : { ...task.error },
  };
}
