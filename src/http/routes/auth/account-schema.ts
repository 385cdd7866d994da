/**
 * Who is logged in, on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { MOST_PASSWORD_BYTES } from "../../../domain/access/password.ts";
import type { User } from "../../../domain/access/user.ts";
import { rules } from "../../admin/messages.ts";
import { RoleSchema } from "../access/token-schema.ts";

export const AccountSchema = z
  .object({
    id: z.int().openapi({ example: 7 }),
    username: z.string().openapi({ example: "mia" }),
    role: RoleSchema,
    is_active: z.boolean().openapi({ example: true }),
  })
  .openapi("Account");

export const PasswordGiven = z
  .string(rules.password.en)
  .min(1, rules.password.en)
  .max(MOST_PASSWORD_BYTES, rules.password.en)
  .openapi({ example: "correct horse battery staple" });

export function toAccount(user: User): z.infer<typeof AccountSchema> {
  const { id, username, role, isActive } = user;
  return { id, username, role, is_active: isActive };
}
