/**
 * A request to a declared route, as a value that other requests are made of.
 *
 * @module
 */
import type { DeclaredRoute } from "../../../src/http/route.ts";
import type { TestService } from "../../support/service.ts";
import type { World } from "./world.ts";

/** What the parameters of a path stand for, each one segment of it. */
export type Params = Readonly<Record<string, string>>;

/** Makes what there is before the request, by the id of a new source; names what it made. */
export type Given = (world: World, id: string) => Promise<Params | void>;

export interface Asking {
  readonly given?: Given;
  /** Win over those of `given`; `source_id` is the new one where nothing else is said. */
  readonly params?: Params;
  /** Without `?`. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In the place of the admin's token: headers of somebody who logs in for it. */
  readonly signedIn?: (world: World) => Promise<Readonly<Record<string, string>>>;
  /** Sent as JSON. */
  readonly body?: (id: string) => unknown;
  /** Sent as it is, in the place of `body`. */
  readonly text?: string;
  /** In the place of the route's own path. */
  readonly template?: string;
}

/** A request that is ready to be sent, as often as one likes. */
export interface Ready {
  readonly path: string;
  readonly init: RequestInit;
}

export const nameOf = ({ method, path }: DeclaredRoute) =>
  `${method.toUpperCase()} ${path}`;

/** `asking`, and what `more` says besides. */
export const but = (asking: Asking, more: Asking): Asking => ({
  ...asking,
  ...more,
  params: { ...asking.params, ...more.params },
  headers: { ...asking.headers, ...more.headers },
});

/** The request, once what it needs is there; `id` is that of its source. */
export async function prepared(
  world: World,
  route: DeclaredRoute,
  asking: Asking,
  id = world.newId(),
): Promise<Ready> {
  const made = (await asking.given?.(world, id)) ?? {};
  const params: Params = { source_id: id, ...made, ...asking.params };
  const { template = route.path, query } = asking;
  const headers = { ...(await asking.signedIn?.(world)), ...asking.headers };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? name),
  );
  const body = asking.text ?? textOf(asking.body?.(id));
  return {
    path: query === undefined ? path : `${path}?${query}`,
    init: {
      method: route.method.toUpperCase(),
      headers:
        body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body ?? null,
    },
  };
}

const textOf = (body: unknown) => (body === undefined ? undefined : JSON.stringify(body));

export const send = (service: TestService, { path, init }: Ready) =>
  service.request(path, init);
