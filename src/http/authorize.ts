/**
 * Lets a request through to a route that its caller may use.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { type Caller, seesAllSources, seesSource } from "../domain/access/caller.ts";
import type { Needs, Restricted } from "../domain/access/permission.ts";
import { MANAGE_GRANT, mayDo } from "../domain/access/project-access.ts";
import type { Session } from "../domain/access/session.ts";
import {
  type CallerHeaders,
  identifyCaller,
  type Identified,
} from "../services/access/identify-caller.ts";
import { NotPermitted } from "../services/access/errors.ts";
import { SourceNotFound } from "../services/errors.ts";
import { failure } from "./faces.ts";
import type { Run } from "./run.ts";

/** What `authorize` leaves for the middleware and the route behind it. */
export interface CallerEnv {
  readonly Variables: { readonly caller?: Caller; readonly session?: Session };
}

/** Who calls a route that needs a caller. */
export function callerOf(c: Context): Caller {
  const caller: Caller | undefined = c.get("caller");
  if (caller === undefined) throw new Error("Expected a route that knows its caller");
  return caller;
}

/** The session that the caller is logged in by; `undefined` for one with a token. */
export function sessionOf(c: Context): Session | undefined {
  return c.get("session");
}

/** Answers 400, 401, 403 or 503 in the place of a route that the caller may not use. */
export const authorize = (run: Run, needs: Needs) =>
  createMiddleware<CallerEnv>(async (c, next) => {
    if (needs === "nothing") return next();
    const { caller, session } = c.var;
    const known = caller === undefined ? undefined : { caller, session };
    const project = c.req.param("projectName");
    const judged = await run(judge(known, callerHeaders(c), needs, project));
    if (Result.isFailure(judged)) return failure(c, judged.failure);
    c.set("caller", judged.success.caller);
    c.set("session", judged.success.session);
    return next();
  });

export function callerHeaders(c: Context): CallerHeaders {
  return {
    authorization: c.req.header("authorization"),
    apiKey: c.req.header("x-api-key"),
    cookie: c.req.header("cookie"),
  };
}

const judge = Effect.fnUntraced(function* (
  known: Identified | undefined,
  headers: CallerHeaders,
  needs: Needs,
  project: string | undefined,
) {
  const identified = known ?? (yield* identifyCaller(headers));
  if (mayDo(identified.caller, needs, project)) return identified;
  const permission = needs === "manage" ? MANAGE_GRANT : needs;
  return yield* new NotPermitted({ permission });
});

/**
 * Why the caller may not do what is about that source, or about all of them (`undefined`);
 * `undefined` where nothing speaks against it.
 */
export function refusedFor(c: Context, sourceId: string | undefined) {
  const caller = callerOf(c);
  if (sourceId !== undefined) {
    return seesSource(caller, sourceId) ? undefined : new SourceNotFound({ sourceId });
  }
  const permission = "all sources";
  return seesAllSources(caller) ? undefined : new NotPermitted({ permission });
}

/** Keeps a caller who is restricted to sources within them. To be put behind `authorize`. */
export const withinSources = (restricted: Restricted) =>
  createMiddleware<CallerEnv>(async (c, next) => {
    const isJudgedHere = restricted === "source" || restricted === "refused";
    if (!isJudgedHere || c.get("caller") === undefined) return next();
    const sourceId = restricted === "source" ? c.req.param("source_id") : undefined;
    const refused = refusedFor(c, sourceId);
    return refused === undefined ? next() : failure(c, refused);
  });
