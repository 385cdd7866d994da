/**
 * A token on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { textFault } from "../../../domain/source/key-spelling.ts";
import type { TokenDraft } from "../../../services/access/create-token.ts";
import type { TokenRecord } from "../../../services/access/token-store.ts";
import { toInstant, toInstantOrNull } from "../../wire.ts";
import { SOURCE_ID } from "../source/source-schema.ts";

const MOST_SOURCES = 1_000;
const MOST_PROJECTS = 100;
const MOST_PERMISSIONS = 50;
const EXPIRY = "Must be an instant such as 2027-01-31T08:00:00Z";

export const RoleSchema = z.enum(["admin", "user", "guest"]).openapi({
  description: "`admin` may do all, `user` view and update, `guest` view",
  example: "user",
});

/** Text that can be stored and shown, and does not hide what is in it. */
const label = z
  .string()
  .refine(
    (text) => textFault(text) === undefined && text.trim() !== "",
    "Must be plain text that is not blank",
  );

const name = label.min(1).max(200).openapi({
  description: "For people",
  example: "dashboard of the weather team",
});

const projects = z.array(
  z.strictObject({
    name: label.max(200).openapi({ example: "weather" }),
    permissions: z
      .array(
        z
          .string()
          .regex(
            /^[A-Z]+(?:_[A-Z]+)*:[A-Z]+(?:_[A-Z]+)*$/,
            "Must be like API_MANAGEMENT:MANAGE",
          ),
      )
      .min(1)
      .max(MOST_PERMISSIONS)
      .openapi({ example: ["API_MANAGEMENT:MANAGE"] }),
  }),
);

const sources = z.array(
  z
    .string()
    .regex(SOURCE_ID, "Must be the id of a source")
    .openapi({ example: "weather" }),
);

export const TokenDraftSchema = z
  .strictObject({
    name,
    role: RoleSchema,
    expires_at: z.iso.datetime({ offset: true, message: EXPIRY }).nullish().openapi({
      description: "Then it stops being valid; in the future. Without it: never",
      example: "2027-01-31T08:00:00Z",
    }),
    sources: sources
      .min(1)
      .max(MOST_SOURCES)
      .nullish()
      .openapi({
        description:
          "The only sources it may touch, there already or not. Without it: all",
        example: ["weather"],
      }),
    projects: projects.max(MOST_PROJECTS).nullish().openapi({
      description: "What it may do in projects of the gateway besides",
    }),
  })
  .openapi("TokenDraft", {
    example: { name: "weather team", role: "user", sources: ["weather"] },
  });

const shown = {
  id: z.string().openapi({ example: "k_019a9f3c2b1e4d5f60718293a4b5c6d7" }),
  name,
  role: RoleSchema,
  expires_at: z.iso.datetime().nullable().openapi({ description: "`null`: never" }),
  sources: sources.nullable().openapi({ description: "`null`: all" }),
  projects: projects.nullable(),
  created_at: z.iso.datetime(),
} as const;

export const NewTokenSchema = z
  .object({
    ...shown,
    token: z.string().openapi({
      description:
        "To be sent as `Authorization: Bearer` or `X-API-Key`; shown this once",
      example: "uc_n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
    }),
  })
  .openapi("NewToken");

export const TokenSchema = z
  .object({
    ...shown,
    last_used_at: z.iso.datetime().nullable().openapi({
      description: "Some seconds late; `null`: never",
    }),
  })
  .openapi("Token");

export function toDraft(draft: z.infer<typeof TokenDraftSchema>): TokenDraft {
  const { name, role, expires_at, sources, projects } = draft;
  return {
    name,
    role,
    sources: sources ? [...new Set(sources)] : undefined,
    projects: projects ?? undefined,
    expiresAt: expires_at ? Date.parse(expires_at) : undefined,
  };
}

export function toWire(record: TokenRecord): z.infer<typeof TokenSchema> {
  return { ...shownOf(record), last_used_at: toInstantOrNull(record.lastUsedAt) };
}

export const toNewWire = (record: TokenRecord, token: string) => ({
  ...shownOf(record),
  token,
});

function shownOf(record: TokenRecord) {
  const { id, name, role, sources, projects } = record;
  return {
    id,
    name,
    role,
    expires_at: toInstantOrNull(record.expiresAt),
    sources: sources === undefined ? null : [...sources],
    projects:
      projects?.map(({ name, permissions }) => ({
        name,
        permissions: [...permissions],
      })) ?? null,
    created_at: toInstant(record.createdAt),
  };
}
