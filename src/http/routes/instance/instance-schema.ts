/**
 * An instance on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { DB_TYPES, type Instance } from "../../../domain/instance/instance.ts";
import { DbTypeSchema, plainText } from "../../admin/fields.ts";
import { rules } from "../../admin/messages.ts";
import { toInstant } from "../../wire.ts";

const MOST_NAME_CHARACTERS = 200;
const MOST_HOST_CHARACTERS = 255;
const LAST_PORT = 65_535;

export const InstanceSchema = z
  .object({
    id: z.int().openapi({ example: 7 }),
    name: z.string().openapi({ example: "orders" }),
    db_type: z.enum(DB_TYPES).openapi({ example: "mysql" }),
    host: z.string().openapi({ example: "db.example.com" }),
    port: z.int().openapi({ example: 3_306 }),
    is_active: z.boolean().openapi({ description: "Whether clear-all clears it" }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .openapi("Instance");

const fields = {
  name: plainText(rules.name.en)
    .trim()
    .min(1, rules.name.en)
    .max(MOST_NAME_CHARACTERS, rules.name.en)
    .openapi({ description: "No other instance has it", example: "orders" }),
  db_type: DbTypeSchema,
  host: plainText(rules.host.en)
    .max(MOST_HOST_CHARACTERS, rules.host.en)
    .regex(/^\S+$/, rules.host.en)
    .openapi({ example: "db.example.com" }),
  port: z
    .int(rules.port.en)
    .min(1, rules.port.en)
    .max(LAST_PORT, rules.port.en)
    .openapi({ example: 3_306 }),
  is_active: z.boolean(rules.flag.en),
};

export const InstanceDraftSchema = z
  .strictObject(
    {
      ...fields,
      is_active: fields.is_active
        .optional()
        .openapi({ description: "`true` where not said" }),
    },
    rules.object.en,
  )
  .openapi("InstanceDraft");

export const InstanceChangeSchema = z
  .strictObject(fields, rules.object.en)
  .partial()
  .openapi("InstanceChange");

/** The id in a path. */
export const InstanceParams = z.object({
  instance_id: z
    .string()
    .regex(/^0*[1-9]\d*$/, rules.positiveInteger.en)
    .transform(Number)
    .openapi({
      param: { name: "instance_id", in: "path" },
      description: "Of an instance",
      type: "integer",
      minimum: 1,
      example: 7,
    }),
});

export const toWire = (instance: Instance) => ({
  id: instance.id,
  name: instance.name,
  db_type: instance.dbType,
  host: instance.host,
  port: instance.port,
  is_active: instance.isActive,
  created_at: toInstant(instance.createdAt),
  updated_at: toInstant(instance.updatedAt),
});

/** The fields that a body names, as the domain calls them. */
export const toChange = ({
  db_type,
  is_active,
  ...rest
}: z.infer<typeof InstanceChangeSchema>) => ({
  ...rest,
  dbType: db_type,
  isActive: is_active,
});
