/**
 * Many entries on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { refreshStateOf } from "../../../domain/entry/refresh-state.ts";
import type { Source } from "../../../domain/source/source.ts";
import type { BatchItem } from "../../../services/entry/read-entries.ts";
import { TaskIdSchema } from "../refresh/task-schema.ts";
import { EntrySchema, MetaSchema, toMeta } from "./entry-schema.ts";

const taskId = TaskIdSchema.optional().openapi({
  description: "The key's unfinished refresh, if there is one to ask about",
});

const HitSchema = z
  .object({
    key: z.string().openapi({ example: "/weather/Shanghai" }),
    hit: z.literal(true),
    data: EntrySchema.shape.data,
    meta: MetaSchema.extend({ task_id: taskId }).openapi("BatchMeta"),
  })
  .openapi("BatchHit");

const MissSchema = z
  .object({
    key: z.string().openapi({ example: "/weather/Beijing" }),
    hit: z.literal(false),
    data: z.null(),
    meta: z.object({
      stale: z.null(),
      task_id: taskId,
      refresh_state: MetaSchema.shape.refresh_state,
    }),
  })
  .openapi("BatchMiss");

export const BatchSchema = z
  .object({ items: z.array(z.union([HitSchema, MissSchema])) })
  .openapi("Batch");

/** `{"items":[…]}` as read at `now`, in parts, with the data as it is stored. */
export function batchParts(
  source: Source,
  items: readonly BatchItem[],
  now: number,
): readonly (string | Uint8Array)[] {
  const parts = items.flatMap((item, index) => [
    index === 0 ? "" : ",",
    ...itemParts(source, item, now),
  ]);
  return ['{"items":[', ...parts, "]}"];
}

function itemParts(source: Source, { key, held, standing }: BatchItem, now: number) {
  const { task, failure } = standing;
  const told = task?.told === true ? { task_id: task.id } : {};
  const meta: z.infer<(typeof HitSchema | typeof MissSchema)["shape"]["meta"]> =
    held === undefined
      ? {
          stale: null,
          ...told,
          refresh_state: refreshStateOf(task?.state, undefined, failure?.failedAt, now),
        }
      : { ...toMeta(source, held, now), ...told };
  return [
    `{"key":${JSON.stringify(key)},"hit":${held !== undefined},"data":`,
    held?.data ?? "null",
    `,"meta":${JSON.stringify(meta)}}`,
  ];
}
