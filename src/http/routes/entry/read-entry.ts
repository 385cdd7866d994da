/**
 * `GET /api/v1/cache/{source_id}/{key}`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { parseTagList, tagMatches } from "../../../domain/entry/entity-tag.ts";
import { UNSERVED } from "../../../services/entry/count-reads.ts";
import { readEntry, type ReadResult } from "../../../services/entry/read-entry.ts";
import { knownBudget } from "../../../services/quota/known-budget.ts";
import { keyTextOf } from "../../../services/source/read-key.ts";
import { absentHeaders, budgetHeaders, servedHeaders } from "../../cache-headers.ts";
import {
  readHeadersSchema,
  retryAfterHeaderSchema,
  taskHeadersSchema,
  unservedHeadersSchema,
} from "../../header-schemas.ts";
import { rawSegment } from "../../raw-path.ts";
import { alsoWith } from "../../problem-schema.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import { ReadHeaders, reachOf, waitMillisOf } from "../../read-mode.ts";
import { jsonBytes, notModified, type Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { TaskIdSchema, TaskStateSchema } from "../refresh/task-schema.ts";
import { KEY_SEGMENT, KeyParams } from "./key-params.ts";
import { entryBytes, EntrySchema, toMeta } from "./entry-schema.ts";

const QueuedSchema = z
  .object({
    task_id: TaskIdSchema,
    source_id: z.string().openapi({ example: "weather" }),
    key: z.string().openapi({ example: "/weather/Shanghai" }),
    state: TaskStateSchema,
    retry_after_s: z
      .int()
      .openapi({ description: "When an answer is likely", example: 1 }),
  })
  .openapi("Queued");

const route = declareRoute(
  { needs: "view", restricted: "source", bypassNeeds: "update" },
  {
    method: "get",
    path: "/api/v1/cache/{source_id}/{key}",
    tags: ["Cache"],
    summary: "Read one entry",
    description:
      "`key` is one path segment: `/weather/Shanghai` is sent as `%2Fweather%2FShanghai`. `HEAD` works too.",
    operationId: "readEntry",
    request: {
      params: KeyParams,
      headers: ReadHeaders,
    },
    responses: {
      200: {
        ...answered("The entry; `X-UC-Cache` tells how it was come by", EntrySchema),
        headers: readHeadersSchema,
      },
      202: {
        ...answered("Nothing is stored yet; a refresh is first in line", QueuedSchema),
        headers: {
          ...readHeadersSchema,
          ...taskHeadersSchema,
          ...retryAfterHeaderSchema,
        },
      },
      304: {
        description: "`If-None-Match` names the entry's tag",
        headers: readHeadersSchema,
      },
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "Invalid",
        "StoreUnavailable",
      ),
      ...alsoWith(
        problemResponses(
          "SourceNotFound",
          "EntryNotFound",
          "QueueFull",
          "UpstreamFailed",
          "UpstreamTimedOut",
        ),
        unservedHeadersSchema,
      ),
    },
  },
);

export function readEntryRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { source_id } = c.req.valid("param");
    const asked = c.req.valid("header");
    const program = Effect.gen(function* () {
      const reach = yield* reachOf(asked);
      const text = yield* keyTextOf(rawSegment(c, KEY_SEGMENT));
      return yield* readEntry(source_id, text, {
        reach,
        waitMillis: waitMillisOf(asked),
      });
    });

    const read = await api.run(program, c.req.raw.signal);

    if (Result.isFailure(read)) {
      const answer = problem(c, read.failure);
      if (isAboutEntry(read.failure)) {
        const detail = read.failure._tag === "EntryNotFound" ? "cache-only" : undefined;
        withHeaders(answer, {
          ...absentHeaders(detail),
          ...(await budgetOf(api, source_id)),
        });
      }
      return answer;
    }
    const result = read.success;
    const budget = budgetHeaders(result.budget, result.readAt);
    if (result._tag === "Queued") {
      return c.json(toQueued(result), 202, {
        ...absentHeaders("queued"),
        ...budget,
        Location: `/api/v1/tasks/${result.taskId}`,
        "X-UC-Task-Id": result.taskId,
        "Retry-After": String(result.retryAfterSeconds),
      });
    }
    const { held, source, readAt } = result;
    const served = { ...servedHeaders(result), ...budget };
    const tags = asked["if-none-match"];
    if (tags !== undefined && tagMatches(parseTagList(tags), held.entry.etag)) {
      return notModified(c, served);
    }
    const bytes = entryBytes(held.data, toMeta(source, held, readAt));
    return jsonBytes<z.infer<typeof EntrySchema>, 200>(c, bytes, 200, served);
  });
}

type Failure = Parameters<typeof problem>[1];

/** Whether the failure answers a read of a source that there is. */
function isAboutEntry({ _tag }: Failure): boolean {
  return UNSERVED.some((tag) => tag === _tag);
}

async function budgetOf({ run }: Api, sourceId: string): Promise<Record<string, string>> {
  const read = await run(knownBudget(sourceId));
  if (Result.isFailure(read)) return {};
  return budgetHeaders(read.success.budget, read.success.readAt);
}

function toQueued(
  result: Extract<ReadResult, { _tag: "Queued" }>,
): z.infer<typeof QueuedSchema> {
  return {
    task_id: result.taskId,
    source_id: result.source.id,
    key: result.key,
    state: result.state,
    retry_after_s: result.retryAfterSeconds,
  };
}

function withHeaders(answer: Response, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) answer.headers.set(name, value);
}
