/**
 * Lets a request through to a route that needs a permission.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { createMiddleware } from "hono/factory";
import { credentialsIn } from "../domain/access/credentials.ts";
import { type Needs, permits } from "../domain/access/permission.ts";
import { type Caller, TokenDirectory } from "../services/access/token-directory.ts";
import { Malformed, NotAuthenticated, NotPermitted } from "../services/errors.ts";
import { problem } from "./problems.ts";
import type { Run } from "./run.ts";

/** What `authorize` leaves for the middleware and the route behind it. */
export interface CallerEnv {
  readonly Variables: { readonly caller?: Caller };
}

/** Answers 400, 401 or 403 in the place of a route that the caller may not use. */
export const authorize = (run: Run, needs: Needs) =>
  createMiddleware<CallerEnv>(async (c, next) => {
    if (needs === "nothing") return next();
    const judged = await run(
      judge(c.req.header("authorization"), c.req.header("x-api-key"), needs),
    );
    if (Result.isFailure(judged)) return problem(c, judged.failure);
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
  const caller =
    credentials._tag === "Token" ? directory.identify(credentials.token) : undefined;
  if (caller === undefined) return yield* new NotAuthenticated();
  if (!permits(caller.role, needs)) return yield* new NotPermitted({ permission: needs });
  return caller;
});
