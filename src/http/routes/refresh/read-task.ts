/**
 * `GET /api/v1/tasks/{task_id}`, and under its longer name `GET /api/v1/tasks/status/{task_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { readTask } from "../../../services/refresh/read-task.ts";
import { callerOf } from "../../authorize.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { TaskIdParam, TaskSchema, toWire } from "./task-schema.ts";

const routeAt = <const P extends string>(path: P, operationId: string) =>
  declareRoute(
    { needs: "view", restricted: "narrowed" },
    {
      method: "get",
      path,
      tags: ["Tasks"],
      summary: "Read a task",
      description:
        "A task whose id was given to a caller is kept for 24 hours after it ended. `/tasks/{task_id}` and `/tasks/status/{task_id}` are the same.",
      operationId,
      request: {
        params: TaskIdParam,
      },
      responses: {
        200: answered("The task", TaskSchema),
        ...problemResponses(
          "Malformed",
          "NotAuthenticated",
          "NotPermitted",
          "TaskNotFound",
          "StoreUnavailable",
        ),
      },
    },
  );

export function readTaskRoutes(api: Api) {
  for (const route of [
    routeAt("/api/v1/tasks/status/{task_id}", "readTaskStatus"),
    routeAt("/api/v1/tasks/{task_id}", "readTask"),
  ]) {
    serve(api, route, async (c): Responds<typeof route> => {
      const read = await api.run(
        readTask(c.req.valid("param").task_id, callerOf(c)),
        c.req.raw.signal,
      );
      if (Result.isFailure(read)) return problem(c, read.failure);
      return c.json(toWire(read.success), 200);
    });
  }
}
