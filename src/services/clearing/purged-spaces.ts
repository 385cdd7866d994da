/**
 * Finds the spaces that a purge is about: of a source, and of the gateway's API proxies.
 *
 * An API proxy's entries are its source's too.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type ApiProxy, proxySpace } from "../../domain/api-proxy/api-proxy.ts";
import { ApiProxyNotFound } from "../api-proxy/errors.ts";
import { ProxyStore } from "../api-proxy/proxy-store.ts";
import type { KnownSource } from "../source/source-directory.ts";

export interface SpacesAsked {
  readonly source: KnownSource | undefined;
  readonly project: string | undefined;
  readonly apiProxy: string | undefined;
}

/**
 * `undefined` where all spaces are meant. Fails where there is no such project, or in it, or
 * in any, no such API proxy.
 */
export const purgedSpaces = Effect.fnUntraced(function* (asked: SpacesAsked) {
  const { source, project, apiProxy } = asked;
  const proxies = yield* proxiesNamed(project, apiProxy);
  if (source === undefined) return proxies?.map(({ id }) => proxySpace(id));
  const own = proxies === undefined ? [source.space] : [];
  const store = yield* ProxyStore;
  const others = proxies ?? (yield* store.overSource(source.source.id));
  const over = others.filter(({ sourceId }) => sourceId === source.source.id);
  return [...own, ...over.map(({ id }) => proxySpace(id))];
});

/** `undefined` where none is named. */
const proxiesNamed = Effect.fnUntraced(function* (
  project: string | undefined,
  apiProxy: string | undefined,
) {
  const store = yield* ProxyStore;
  if (project !== undefined) {
    return apiProxy === undefined
      ? yield* store.list(project)
      : [yield* store.find(project, apiProxy)];
  }
  if (apiProxy === undefined) return undefined;
  const named = (yield* store.all).filter(({ name }): boolean => name === apiProxy);
  if (named.length === 0) return yield* new ApiProxyNotFound({ apiProxy });
  return named satisfies readonly ApiProxy[];
});
