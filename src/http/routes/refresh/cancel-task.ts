/**
 * `DELETE /api/v1/tasks/{task_id}`
 *
 * @module
 */
import * as Result from "effect/Result";
import { cancelTask } from "../../../services/refresh/cancel-task.ts";
import { onBehalfOf } from "../../actor.ts";
import { callerOf } from "../../authorize.ts";
import { answered } from "../../json-content.ts";
import { problem, problemResponses } from "../../problems.ts";
import type { Responds } from "../../respond.ts";
import { type Api, declareRoute, serve } from "../../route.ts";
import { TaskIdParam, TaskSchema, toWire } from "./task-schema.ts";

const route = declareRoute(
  { needs: "update", restricted: "narrowed" },
  {
    method: "delete",
    path: "/api/v1/tasks/{task_id}",
    tags: ["Tasks"],
    summary: "Cancel a queued task",
    description:
      "The task ends as failed with the error CANCELLED. One that runs or has ended stays as it is.",
    operationId: "cancelTask",
    request: { params: TaskIdParam },
    responses: {
      200: answered("The cancelled task", TaskSchema),
      ...problemResponses(
        "Malformed",
        "NotAuthenticated",
        "NotPermitted",
        "TaskNotFound",
        "TaskNotQueued",
        "StoreUnavailable",
      ),
    },
  },
);

export function cancelTaskRoute(api: Api) {
  serve(api, route, async (c): Responds<typeof route> => {
    const { task_id } = c.req.valid("param");
    const run = await api.run(onBehalfOf(c, cancelTask(task_id, callerOf(c))));
    if (Result.isFailure(run)) return problem(c, run.failure);
    return c.json(toWire(run.success), 200);
  });
}
