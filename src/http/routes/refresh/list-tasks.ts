/**
 * `GET /api/v1/tasks`
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import * as Result from "effect/Result";
import { listTasks } from "../../../services/refresh/list-tasks.ts";
import { answered } from "../../json-content.ts";
import { pageAsked, PageQuery, pageSchema } from "../../page-query.ts";
import { callerOf } from "../../authorize.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { TaskSchema, TaskStateSchema, toWire } from "./task-schema.ts";

const TaskListSchema = pageSchema(TaskSchema).openapi("TaskList");

const route = declareRoute(
  { needs: "view", restricted: "narrowed" },
  {
    method: "get",
    path: "/api/v1/tasks",
    tags: ["Tasks"],
    summary: "List tasks, newest first",
    description:
      "Tasks that nobody was told of end unseen; the others are kept for a day after they ended.",
    operationId: "listTasks",
    request: {
      query: PageQuery.extend({
        state: TaskStateSchema.optional().openapi({
          description: "Only tasks in this state",
        }),
        source_id: z.string().optional().openapi({
          description: "Only tasks of this source",
          example: "weather",
        }),
      }),
    },
    responses: {
      200: answered("A page of the list", TaskListSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "SourceNotFound",
        "Invalid",
        "StoreUnavailable",
      ),
    },
  },
);

export function listTasksRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { state, source_id, ...page } = c.req.valid("query");
    const listed = await api.run(
      listTasks({
        state,
        sourceId: source_id,
        within: callerOf(c).sources,
        ...pageAsked(page),
      }),
      c.req.raw.signal,
    );
    if (Result.isFailure(listed)) return problem(c, listed.failure);
    const { tasks, nextCursor } = listed.success;
    return c.json({ items: tasks.map(toWire), next_cursor: nextCursor }, 200);
  });
}
