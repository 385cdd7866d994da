/**
 * `POST /api/v1/cache/actions/purge`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { purgeEntries } from "../../../services/clearing/purge-entries.ts";
import { onBehalfOf } from "../../actor.ts";
import { failureEnvelope, success } from "../../admin/envelope.ts";
import { envelopeResponses, successResponse } from "../../admin/envelope-schema.ts";
import { ClearedSchema, plainText, toCleared } from "../../admin/fields.ts";
import { rules } from "../../admin/messages.ts";
import { refusedFor } from "../../authorize.ts";
import { bodyOf } from "../../json-content.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";

const text = plainText(rules.text.en);
const name = text.min(1, rules.notBlank.en);

const selectors = {
  source_id: name.optional().openapi({ example: "weather" }),
  key: text.optional().openapi({
    description: "One key of the source, however it is spelled",
    example: "/weather/Oslo",
  }),
  prefix: text.optional().openapi({
    description: "Keys of the source that begin so",
    example: "/weather/",
  }),
  params: z
    .record(plainText(rules.params.en), text, rules.params.en)
    .refine((params) => Object.keys(params).length > 0, rules.params.en)
    .optional()
    .openapi({
      description:
        "Entries whose key has these params, of any source or of the named one",
      example: { city: "Oslo" },
    }),
  project: name.optional().openapi({
    description: "Entries of the gateway: those of the project's API proxies",
    example: "shop",
  }),
  apiProxy: name.optional().openapi({
    description:
      "Entries of the gateway: those of the project's API proxy, or of each one of that name",
    example: "orders",
  }),
};

const names = Object.keys(selectors) as (keyof typeof selectors)[];

const PurgeSchema = z
  .strictObject(
    {
      ...selectors,
      all: z
        .boolean(rules.flag.en)
        .optional()
        .openapi({ description: "Every entry there is; stands for itself" }),
      soft: z.boolean(rules.flag.en).optional().openapi({
        description: "Keeps entries as a fallback for when the upstream can't be asked",
      }),
    },
    rules.object.en,
  )
  .superRefine((body, context) => {
    const isNamed = names.some((selector) => body[selector] !== undefined);
    const refuse = (field: string, { en }: { readonly en: string }) =>
      context.addIssue({ code: "custom", path: [field], message: en });
    if (body.all === true && isNamed) refuse("all", rules.allAlone);
    if (body.all !== true && !isNamed) {
      context.addIssue({ code: "custom", message: rules.selector.en });
    }
    if (body.source_id !== undefined) return;
    if (body.key !== undefined) refuse("key", rules.needsSource);
    if (body.prefix !== undefined) refuse("prefix", rules.needsSource);
  })
  .openapi("Purge");

const route = declareRoute(
  { needs: "admin", restricted: "narrowed", face: "admin" },
  {
    method: "post",
    path: "/api/v1/cache/actions/purge",
    tags: ["Clearing"],
    summary: "Purge the entries that a selection covers",
    description:
      "Entries for which everything holds that the body says; `key` and `prefix` need `source_id`. What the gateway keeps of a source is that source's too, and is selected by the named variables as `params`. They are gone in every process before the answer, and no refresh that runs brings one back. A token that is restricted to sources names one of them.",
    operationId: "purgeEntries",
    request: {
      body: bodyOf(PurgeSchema),
    },
    responses: {
      200: successResponse("Purged", ClearedSchema),
      ...envelopeResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "ProjectNotFound",
        "ApiProxyNotFound",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function purgeRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id, soft, all: _, ...selection } = c.req.valid("json");
    const refused = refusedFor(c, source_id);
    if (refused !== undefined) return failureEnvelope(c, refused);
    const asked = { sourceId: source_id, ...selection };
    const purged = await api.run(onBehalfOf(c, purgeEntries(asked, soft === true)));
    if (Result.isFailure(purged)) return failureEnvelope(c, purged.failure);
    return success(c, "purged", toCleared(purged.success));
  });
}
