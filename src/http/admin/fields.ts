/**
 * Fields that several bodies of the admin face have.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { textFault } from "../../domain/source/key-spelling.ts";
import { dbTypeFrom } from "../../domain/instance/classification.ts";
import { DB_TYPES } from "../../domain/instance/instance.ts";
import { rules } from "./messages.ts";

/** Text that can be kept and compared: Unicode without controls. */
export const plainText = (message: string) =>
  z.string(message).superRefine((text, context) => {
    const fault = textFault(text);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  });

/** In the place of `instance_id` in a body: a number and not a text of one. */
export const InstanceIdSchema = z
  .number(rules.positiveInteger.en)
  .refine((id) => Number.isInteger(id) && id > 0, rules.positiveInteger.en)
  .openapi({ type: "integer", minimum: 1, example: 7 });

export const UsernameSchema = plainText(rules.notBlank.en)
  .refine((name) => name.trim() !== "", rules.notBlank.en)
  .openapi({ description: "Of a database account, as it is", example: "app_reader" });

/** Trimmed, in any case. */
export const DbTypeSchema = z
  .string(rules.dbType.en)
  .transform((text, context) => {
    const type = dbTypeFrom(text);
    if (type !== undefined) return type;
    context.addIssue({ code: "custom", message: rules.dbType.en });
    return z.NEVER;
  })
  .openapi({ type: "string", description: DB_TYPES.join(", "), example: "mysql" });

/** What a clear tells of itself. */
export const clearedShape = {
  cleared_entries: z
    .int()
    .openapi({ description: "Entries that could be read until then", example: 12 }),
  unreached_processes: z.int().openapi({
    description:
      "Processes that have not acknowledged within a second; they stop answering from memory by themselves",
    example: 0,
  }),
};

export const ClearedSchema = z.object(clearedShape).openapi("Cleared");

/** What a program says of a clear, on the wire. */
export const toCleared = (done: {
  readonly cleared: number;
  readonly unreached: number;
}) => ({ cleared_entries: done.cleared, unreached_processes: done.unreached });
