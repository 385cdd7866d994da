/**
 * Every route, given a way to run effects.
 *
 * @module
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { createMiddleware } from "hono/factory";
import { requestId } from "hono/request-id";
import { allowedAddress } from "./allow-list.ts";
import { authorize } from "./authorize.ts";
import { notePeer } from "./client-address.ts";
import { cors } from "./cors.ts";
import { docsRoutes } from "./docs/docs.ts";
import { facing, failureOf } from "./faces.ts";
import { dataPlane } from "./gateway/data-plane.ts";
import { type NetworkPolicy, underPolicy } from "./network-policy.ts";
import { type RequestLog, requestLog } from "./request-log.ts";
import type { Api } from "./route.ts";
import { listAuditRoute } from "./routes/audit/list-audit.ts";
import { changeUserRoute } from "./routes/access/change-user.ts";
import { createTokenRoute } from "./routes/access/create-token.ts";
import { createUserRoute } from "./routes/access/create-user.ts";
import { deleteUserRoute } from "./routes/access/delete-user.ts";
import { listTokensRoute } from "./routes/access/list-tokens.ts";
import { listUsersRoute } from "./routes/access/list-users.ts";
import { readUserRoute } from "./routes/access/read-user.ts";
import { revokeTokenRoute } from "./routes/access/revoke-token.ts";
import { changePasswordRoute } from "./routes/auth/change-password.ts";
import { loginRoute } from "./routes/auth/login.ts";
import { logoutRoute } from "./routes/auth/logout.ts";
import { readCallerRoute } from "./routes/auth/read-caller.ts";
import { readCsrfTokenRoute } from "./routes/auth/read-csrf-token.ts";
import { clearAllRoute } from "./routes/clearing/clear-all.ts";
import { clearClassificationRoute } from "./routes/clearing/clear-classification.ts";
import { clearInstanceRoute } from "./routes/clearing/clear-instance.ts";
import { clearUserRoute } from "./routes/clearing/clear-user.ts";
import { purgeRoute } from "./routes/clearing/purge.ts";
import { readClassificationStatsRoute } from "./routes/clearing/read-classification-stats.ts";
import { readStatsRoute } from "./routes/clearing/read-stats.ts";
import { batchGetRoute } from "./routes/entry/batch-get.ts";
import { listEntriesRoute } from "./routes/entry/list-entries.ts";
import { invalidateEntryRoute } from "./routes/entry/invalidate-entry.ts";
import { readEntryRoute } from "./routes/entry/read-entry.ts";
import { readMetaRoute } from "./routes/entry/read-meta.ts";
import { gatewayManagement } from "./routes/api-proxy/management.ts";
import { changeInstanceRoute } from "./routes/instance/change-instance.ts";
import { createInstanceRoute } from "./routes/instance/create-instance.ts";
import { deleteInstanceRoute } from "./routes/instance/delete-instance.ts";
import { listInstancesRoute } from "./routes/instance/list-instances.ts";
import { readInstanceRoute } from "./routes/instance/read-instance.ts";
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
import { secureHeaders } from "./secure-headers.ts";
import { answerInvalid } from "./validation.ts";

/** Nobody reads it; it tells the log that the client hung up. */
const CLIENT_CLOSED = 499;

export interface AppOptions {
  readonly run: Run;
  readonly info: ServiceInfo;
  readonly network: NetworkPolicy;
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
export function makeApp(options: AppOptions) {
  const { run, info, network, metricsPublic, docsScript, log } = options;
  const app = new OpenAPIHono({ defaultHook: answerInvalid });
  const api: Api = { app, run, declared: [] };

  app.use(requestId({ limitLength: 128 }));
  app.use(requestLog(log));
  app.use(notePeer);
  app.use(underPolicy(network));
  // Its answers are the upstreams': what follows is not for them.
  dataPlane(app, run);
  app.use(secureHeaders);
  app.use("/api/*", cors);
  app.use("/apiops/*", facing("gateway"));
  app.use(nameCharset);

  healthRoutes(api);
  infoRoute(api, info);
  readMetricsRoute(api);
  exportMetricsRoute(api, info.version, metricsPublic);
  readCsrfTokenRoute(api);
  loginRoute(api);
  logoutRoute(api);
  readCallerRoute(api);
  changePasswordRoute(api);
  listTokensRoute(api);
  createTokenRoute(api);
  revokeTokenRoute(api);
  listUsersRoute(api);
  createUserRoute(api);
  readUserRoute(api);
  changeUserRoute(api);
  deleteUserRoute(api);
  listSourcesRoute(api);
  createSourceRoute(api);
  readSourceRoute(api);
  changeSourceRoute(api);
  deleteSourceRoute(api);
  // Their paths are of the shape that an entry's has, so they come before it.
  readStatsRoute(api);
  readClassificationStatsRoute(api);
  clearUserRoute(api);
  clearInstanceRoute(api);
  clearAllRoute(api);
  clearClassificationRoute(api);
  purgeRoute(api);
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
  listInstancesRoute(api);
  createInstanceRoute(api);
  readInstanceRoute(api);
  changeInstanceRoute(api);
  deleteInstanceRoute(api);
  listAuditRoute(api);
  gatewayManagement(api);
  // What is declared is behind the lists already; this is for the rest.
  app.use(allowedAddress({ needs: "nothing" }));
  docsRoutes(app, info.version, docsScript);

  // What is not listed is for admins, so that strangers don't learn what there is.
  app.all("*", allowedAddress({ needs: "admin" }), authorize(run, "admin"), (c) =>
    failureOf(c, {
      status: 404,
      code: "NOT_FOUND",
      title: "Not found",
      detail: `Cannot find a route for ${c.req.method} ${c.req.path}`,
    }),
  );
  app.onError((_, c) => {
    if (c.req.raw.signal.aborted) return new Response(null, { status: CLIENT_CLOSED });
    return failureOf(c, {
      status: 500,
      code: "INTERNAL_ERROR",
      title: "Internal error",
      detail:
        "Cannot answer: something went wrong inside; the log has it under the request's id",
    });
  });
  return { app, declared: api.declared };
}
