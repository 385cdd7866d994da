/**
 * A user on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import {
  LEAST_PASSWORD_CHARACTERS,
  MOST_PASSWORD_BYTES,
} from "../../../domain/access/password.ts";
import { MOST_USERNAME_CHARACTERS, type User } from "../../../domain/access/user.ts";
import { toInstant } from "../../wire.ts";
import { RoleSchema } from "./token-schema.ts";

const username = z.string().openapi({
  description: `1 to ${MOST_USERNAME_CHARACTERS} characters; case tells names apart`,
  example: "mia",
});

const password = z.string().openapi({
  description: `At least ${LEAST_PASSWORD_CHARACTERS} characters, at most ${MOST_PASSWORD_BYTES} bytes, not the username`,
  example: "correct horse battery staple",
});

const isActive = z.boolean().openapi({
  description: "Whether the user may log in",
  example: true,
});

export const UserDraftSchema = z
  .strictObject({ username, password, role: RoleSchema, is_active: isActive.optional() })
  .openapi("UserDraft", {
    example: {
      username: "mia",
      password: "correct horse battery staple",
      role: "user",
      is_active: true,
    },
  });

export const UserPatchSchema = z
  .strictObject({
    role: RoleSchema.optional(),
    password: password.optional(),
    is_active: isActive.optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, "Must name a field to change")
  .openapi("UserPatch", {
    description: "Changes the fields it names",
    example: { role: "admin" },
  });

export const UserSchema = z
  .object({
    id: z.int().openapi({ example: 7 }),
    username,
    role: RoleSchema,
    is_active: isActive,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .openapi("User");

export const UserIdParam = z.object({
  user_id: z.string().openapi({
    description: "The user's id",
    example: "7",
    param: { name: "user_id", in: "path" },
  }),
});

export function toWire(user: User): z.infer<typeof UserSchema> {
  return {
    id: user.id,
    username: user.username,
    role: user.role,
    is_active: user.isActive,
    created_at: toInstant(user.createdAt),
    updated_at: toInstant(user.updatedAt ?? user.createdAt),
  };
}
