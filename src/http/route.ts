/**
 * How a route is declared, and how it is put into an app.
 *
 * A declaration says in one place what a route is called, takes and answers, and what its
 * caller must be permitted. Checks that follow from it are added here, so that no route
 * can be without them.
 *
 * @module
 */
import {
  createRoute,
  type OpenAPIHono,
  type RouteConfig,
  type RouteHandler,
} from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import type { Needs, Restricted } from "../domain/access/permission.ts";
import { allowedAddress } from "./allow-list.ts";
import { authorize, withinSources } from "./authorize.ts";
import { csrfChecked, isSafe, noTokenInBody, whereInSession } from "./csrf.ts";
import { type Face, facing } from "./faces.ts";
import { whereBypassing } from "./read-mode.ts";
import { bodyProblemResponses } from "./problems.ts";
import { readablePath } from "./raw-path.ts";
import { answeredOnce, type EntryAgain } from "./idempotency.ts";
import { idempotencyKeyParameter, responsesOnce } from "./idempotency-schema.ts";
import { jsonBody, limitedBody } from "./request-body.ts";
import type { Run } from "./run.ts";
import { responsesWithSession, securityOf } from "./session-schema.ts";

/** What a route says besides its OpenAPI description. */
export interface Declaration {
  readonly needs: Needs;
  readonly restricted: Restricted;
  /** Where it is not said, `api`. */
  readonly face?: Face;
  /** Takes an `Idempotency-Key`; needs a caller. */
  readonly idempotent?: boolean;
  /** The largest body that is read; 1 where it is not said. */
  readonly maxBodyMiB?: number;
  /** Answers to every address, whatever the allow lists say. */
  readonly fromAnywhere?: boolean;
  /** What `X-UC-Bypass-Cache` needs besides, where the route knows it. */
  readonly bypassNeeds?: Needs;
}

export type DeclaredRoute<R extends RouteConfig = RouteConfig> = R & {
  readonly declaration: Declaration;
};

/** An app under construction. */
export interface Api {
  readonly app: OpenAPIHono;
  readonly run: Run;
  /** Every route served so far. */
  readonly declared: DeclaredRoute[];
}

/** What a route needs of its caller also becomes its security requirement in the document. */
export function declareRoute<const R extends RouteConfig>(
  declaration: Declaration,
  config: R,
): DeclaredRoute<R> {
  const security = securityOf(declaration.needs, config.method);
  const { idempotent = false, face } = declaration;
  // The other faces answer 400 to a body that they can't take, whatever is wrong with it.
  const isApi = (face ?? "api") === "api";
  const withBody =
    config.request?.body === undefined || !isApi
      ? config.responses
      : { ...config.responses, ...bodyProblemResponses };
  // A body is looked at even where the route has no use for one: a CSRF token is not to be
  // in it, and an idempotency key is for one request, its body included.
  const bounded =
    isSafe(config.method) || !isApi
      ? withBody
      : { 413: bodyProblemResponses[413], ...withBody };
  const responses = idempotent ? responsesOnce(bounded) : bounded;
  const parameters = idempotent
    ? { parameters: [...(config.parameters ?? []), idempotencyKeyParameter] }
    : {};
  const checked = responsesWithSession(declaration, config.method, responses);
  return { ...config, ...parameters, responses: checked, security, declaration };
}

/** Serves `route` with `handler`, behind the checks that its declaration asks for. */
export function serve<R extends RouteConfig>(
  { app, run, declared }: Api,
  route: DeclaredRoute<R>,
  handler: RouteHandler<R>,
  entryAgain?: EntryAgain,
): void {
  const { declaration, ...config } = route;
  const middleware = [
    facing(declaration.face ?? "api"),
    allowedAddress(declaration),
    authorize(run, declaration.needs),
    ...(declaration.bypassNeeds === undefined
      ? []
      : [whereBypassing(authorize(run, declaration.bypassNeeds))]),
    ...(isSafe(config.method) ? [] : csrfChecks(run, declaration)),
    readablePath(config.path),
    withinSources(declaration.restricted),
    ...bodyChecks(route),
    ...(declaration.idempotent === true ? [answeredOnce(run, entryAgain)] : []),
  ];
  declared.push(route as unknown as DeclaredRoute);
  for (const path of new Set([config.path, withoutLastSlash(config.path)])) {
    const one = { ...config, path, middleware, hide: path !== config.path };
    // Safe because middleware changes nothing of what `handler` was typed by.
    app.openapi(createRoute(one as RouteConfig), handler as never);
  }
}

/** A route whose path ends in a slash answers without it too. */
const withoutLastSlash = (path: string) => path.replace(/(.)\/$/, "$1");

/**
 * A token in the body is refused whether or not the header has one. The API's own face asks
 * nothing of callers by a token; to its schemas the field is one that there is not.
 */
function csrfChecks(run: Run, declaration: Declaration): readonly MiddlewareHandler[] {
  const { face, maxBodyMiB = 1 } = declaration;
  const ofBody = every(limitedBody(maxBodyMiB), noTokenInBody);
  return [face === "admin" ? ofBody : whereInSession(ofBody), csrfChecked(run)];
}

/** A body that is declared `required` must be there; of any other, none is as good as `{}`. */
function bodyChecks({
  method,
  request,
  declaration,
}: DeclaredRoute): readonly MiddlewareHandler[] {
  const { maxBodyMiB: maxMiB = 1 } = declaration;
  const body = request?.body;
  if (body !== undefined) return [jsonBody({ maxMiB, required: body.required === true })];
  return isSafe(method) ? [] : [limitedBody(maxMiB)];
}
