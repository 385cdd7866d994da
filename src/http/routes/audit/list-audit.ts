/**
 * `GET /api/v1/audit`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { AUDIT_ACTIONS } from "../../../domain/audit/audit-action.ts";
import type { AuditRecord } from "../../../services/audit/audit.ts";
import { listAudit } from "../../../services/audit/list-audit.ts";
import { answered } from "../../json-content.ts";
import { pageAsked, PageQuery, pageSchema } from "../../page-query.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { toInstant } from "../../wire.ts";

const AuditRecordSchema = z
  .object({
    id: z.int().openapi({ example: 4711 }),
    at: z.iso.datetime().openapi({ example: "2026-01-31T08:15:42.318Z" }),
    actor: z.string().openapi({
      description:
        "`token:` or `user:` and its id; `nobody` who is not known; `system` for the service itself",
      example: "token:bootstrap",
    }),
    actor_name: z.string().openapi({ example: "bootstrap admin" }),
    address: z.string().nullable().openapi({
      description: "The client's; `null` for the service itself",
      example: "192.0.2.17",
    }),
    request_id: z.string().nullable().openapi({
      description: "As in `X-Request-Id`; `null` for the service itself",
      example: "3f0c2a9e-7b1d-4c58-9e64-2d8a1b7c5f03",
    }),
    action: z.enum(AUDIT_ACTIONS).openapi({ example: "source.change" }),
    target: z.string().openapi({
      description: "What it was done to: an id or a name",
      example: "weather",
    }),
    details: z.record(z.string(), z.unknown()).openapi({
      description: "What else tells what happened; never a secret",
      example: {
        fields: ["rate_limit"],
        rate_limit: { from: { per_minute: 5 }, to: { per_minute: 60 } },
      },
    }),
  })
  .openapi("AuditRecord");

const AuditListSchema = pageSchema(AuditRecordSchema).openapi("AuditList");

const Instant = (description: string, example: string) =>
  z.iso
    .datetime({
      offset: true,
      message: "Must be an instant such as 2026-01-31T08:00:00Z",
    })
    .transform((text) => Date.parse(text))
    .optional()
    .openapi({ type: "string", format: "date-time", description, example });

const route = declareRoute(
  { needs: "admin", restricted: "refused" },
  {
    method: "get",
    path: "/api/v1/audit",
    tags: ["Audit"],
    summary: "List what was cleared, changed or revoked, newest first",
    description:
      "A record is committed together with its change, and kept for 90 days. Tokens that are restricted to sources are refused.",
    operationId: "listAudit",
    request: {
      query: PageQuery.extend({
        action: z.enum(AUDIT_ACTIONS).optional().openapi({
          description: "Only acts of this kind",
          example: "source.change",
        }),
        actor: z
          .string()
          .regex(/^[\x21-\x7e]{1,300}$/, "Must be an actor, such as token:bootstrap")
          .optional()
          .openapi({
            description: "Only what this actor did",
            example: "token:bootstrap",
          }),
        from: Instant("Only what was done then or later", "2026-01-31T08:00:00Z"),
        to: Instant("Only what was done before", "2026-02-01T00:00:00Z"),
      }),
    },
    responses: {
      200: answered("A page of the trail", AuditListSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function listAuditRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { action, actor, from, to, ...page } = c.req.valid("query");
    const listed = await api.run(
      listAudit({ action, actor, from, to, ...pageAsked(page) }),
      c.req.raw.signal,
    );
    if (Result.isFailure(listed)) return problem(c, listed.failure);
    const { records, nextCursor } = listed.success;
    return c.json({ items: records.map(toWire), next_cursor: nextCursor }, 200);
  });
}

function toWire(record: AuditRecord) {
  const { id, at, actor, actorName, address, requestId, action, target, details } =
    record;
  return {
    id,
    at: toInstant(at),
    actor,
    actor_name: actorName,
    address: address ?? null,
    request_id: requestId ?? null,
    action,
    target,
    details,
  };
}
