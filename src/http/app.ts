/**
 * Every route, given a way to run effects.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { requestId } from "hono/request-id";
import { authorize } from "./authorize.ts";
import { docsRoutes } from "./docs/docs.ts";
import { problemAnswer } from "./problems.ts";
import { type RequestLog, requestLog } from "./request-log.ts";
import type { Api } from "./route.ts";
import { batchGetRoute } from "./routes/entry/batch-get.ts";
import { listEntriesRoute } from "./routes/entry/list-entries.ts";
import { invalidateEntryRoute } from "./routes/entry/invalidate-entry.ts";
import { readEntryRoute } from "./routes/entry/read-entry.ts";
import { readMetaRoute } from "./routes/entry/read-meta.ts";
import { readRateLimitRoute } from "./routes/quota/read-rate-limit.ts";
import { listTasksRoute } from "./routes/refresh/list-tasks.ts";
import { cancelTaskRoute } from "./routes/refresh/cancel-task.ts";
import { prefetchRoute } from "./routes/refresh/prefetch.ts";
import { readTaskRoutes } from "./routes/refresh/read-task.ts";
import { exportMetricsRoute } from "./routes/service/export-metrics.ts";
import { refreshEntryRoute } from "./routes/refresh/refresh-entry.ts";
import { runTasksRoute } from "./routes/refresh/run-tasks.ts";
import { healthRoutes } from "./routes/service/health.ts";
import { infoRoute, type ServiceInfo } from "./routes/service/info.ts";
import { readMetricsRoute } from "./routes/service/read-metrics.ts";
import { changeSourceRoute } from "./routes/source/change-source.ts";
import { createSourceRoute } from "./routes/source/create-source.ts";
import { deleteSourceRoute } from "./routes/source/delete-source.ts";
import { listSourcesRoute } from "./routes/source/list-sources.ts";
import { readSourceRoute } from "./routes/source/read-source.ts";
import type { Run } from "./run.ts";
import { answerInvalid } from "./validation.ts";

/** Nobody reads it; it tells the log that the client hung up. */
const CLIENT_CLOSED = 499;

export interface AppOptions {
  readonly run: Run;
  readonly info: ServiceInfo;
  /** Whether `/metrics` needs no token. */
  readonly metricsPublic: boolean;
  /** Scalar's script, compressed with gzip. */
  readonly docsScript: Uint8Array;
  readonly log: RequestLog;
}

/** Answers say `application/json; charset=utf-8`, as clients of the API expect. */
const nameCharset = createMiddleware(async (c, next) => {
  await next();
  if (c.res.headers.get("Content-Type") === "application/json") {
    c.res.headers.set("Content-Type", "application/json; charset=utf-8");
  }
});

/** The app, and what each of its routes declares. */
export function makeApp({ run, info, metricsPublic, docsScript, log }: AppOptions) {
  const app = new OpenAPIHono({ defaultHook: answerInvalid });
  const api: Api = { app, run, declared: [] };

  app.use(requestId({ limitLength: 128 }));
  app.use(requestLog(log));
  app.use(nameCharset);

  healthRoutes(api);
  infoRoute(api, info);
  readMetricsRoute(api);
  exportMetricsRoute(api, info.version, metricsPublic);
  listSourcesRoute(api);
  createSourceRoute(api);
  readSourceRoute(api);
  changeSourceRoute(api);
  deleteSourceRoute(api);
  batchGetRoute(api);
  listEntriesRoute(api);
  readEntryRoute(api);
  refreshEntryRoute(api);
  invalidateEntryRoute(api);
  prefetchRoute(api);
  runTasksRoute(api);
  cancelTaskRoute(api);
  readMetaRoute(api);
  listTasksRoute(api);
  readTaskRoutes(api);
  readRateLimitRoute(api);
  docsRoutes(app, info.version, docsScript);

  // What is not listed is for admins, so that strangers don't learn what there is.
  app.all("*", authorize(run, "admin"), (c) =>
    problemAnswer(c, {
      status: 404,
      code: "NOT_FOUND",
      title: "Not found",
      detail: `Cannot find a route for ${c.req.method} ${c.req.path}`,
    }),
  );
  app.onError((_, c) => {
    if (c.req.raw.signal.aborted) return new Response(null, { status: CLIENT_CLOSED });
    return problemAnswer(c, {
      status: 500,
      code: "INTERNAL_ERROR",
      title: "Internal error",
      detail:
        "Cannot answer: something went wrong inside; the log has it under the request's id",
    });
  });
  return { app, declared: api.declared };
}
