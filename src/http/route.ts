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
import type { Needs } from "../domain/access/permission.ts";
import { authorize } from "./authorize.ts";
import { bodyProblemResponses } from "./problems.ts";
import { readablePath } from "./raw-path.ts";
import { jsonBody } from "./request-body.ts";
import type { Run } from "./run.ts";

/** What a route says besides its OpenAPI description. */
export interface Declaration {
  readonly needs: Needs;
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
  const security =
    declaration.needs === "nothing" ? [] : [{ bearer: [] }, { apiKey: [] }];
  const responses =
    config.request?.body === undefined
      ? config.responses
      : { ...config.responses, ...bodyProblemResponses };
  return { ...config, responses, security, declaration };
}

/** Serves `route` with `handler`, behind the checks that its declaration asks for. */
export function serve<R extends RouteConfig>(
  { app, run, declared }: Api,
  route: DeclaredRoute<R>,
  handler: RouteHandler<R>,
): void {
  const { declaration, ...config } = route;
  const body = config.request?.body === undefined ? [] : [jsonBody()];
  const middleware = [
    authorize(run, declaration.needs),
    readablePath(config.path),
    ...body,
  ];
  declared.push(route as unknown as DeclaredRoute);
  // Safe because middleware changes nothing of what `handler` was typed by.
  app.openapi(createRoute({ ...config, middleware } as RouteConfig), handler as never);
}
