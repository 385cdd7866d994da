/**
 * Lets a request through to a route that its caller may use.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { type Caller, seesSource } from "../domain/access/caller.ts";
import { credentialsIn } from "../domain/access/credentials.ts";
import { type Needs, permits, type Restricted } from "../domain/access/permission.ts";
import { TokenDirectory } from "../services/access/token-directory.ts";
import {
  Malformed,
  NotAuthenticated,
  NotPermitted,
  SourceNotFound,
} from "../services/errors.ts";
import { failure } from "./faces.ts";
import type { Run } from "./run.ts";

/** What `authorize` leaves for the middleware and the route behind it. */
export interface CallerEnv {
  readonly Variables: { readonly caller?: Caller };
}

/** Who calls a route that needs a caller. */
export function callerOf(c: Context): Caller {
  const caller: Caller | undefined = c.get("caller");
  if (caller === undefined) throw new Error("Expected a route that knows its caller");
  return caller;
}

/** Answers 400, 401 or 403 in the place of a route that the caller may not use. */
export const authorize = (run: Run, needs: Needs) =>
  createMiddleware<CallerEnv>(async (c, next) => {
    if (needs === "nothing") return next();
    const judged = await run(
      judge(c.req.header("authorization"), c.req.header("x-api-key"), needs),
    );
    if (Result.isFailure(judged)) return failure(c, judged.failure);
    c.set("caller", judged.success);
    return next();
  });

const judge = Effect.fnUntraced(function* (
  authorization: string | undefined,
  apiKey: string | undefined,
  needs: Needs,
) {
  const credentials = credentialsIn(authorization, apiKey);
  if (credentials._tag === "Contradictory") {
    const reason = "Authorization and X-API-Key name different tokens";
    return yield* new Malformed({ field: "X-API-Key", reason });
  }
  const directory = yield* TokenDirectory;
  const now = yield* Clock.currentTimeMillis;
  const caller =
    credentials._tag === "Token" ? directory.identify(credentials.token, now) : undefined;
  if (caller === undefined) return yield* new NotAuthenticated();
  if (!permits(caller.role, needs)) return yield* new NotPermitted({ permission: needs });
  return caller;
});

/** Keeps a caller who is restricted to sources within them. To be put behind `authorize`. */
export const withinSources = (restricted: Restricted) =>
  createMiddleware<CallerEnv>(async (c, next) => {
    const caller = c.get("caller");
    if (caller?.sources === undefined) return next();
    if (restricted === "refused") {
      return failure(c, new NotPermitted({ permission: "all sources" }));
    }
    const sourceId = restricted === "source" ? c.req.param("source_id") : undefined;
    if (sourceId === undefined || seesSource(caller, sourceId)) return next();
    return failure(c, new SourceNotFound({ sourceId }));
  });
