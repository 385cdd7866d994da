/**
 * All API proxies in memory, each with its router, kept up by the change bus.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import type { ApiProxy, Endpoint } from "../../domain/api-proxy/api-proxy.ts";
import { makeRouter } from "../../domain/api-proxy/router.ts";
import { ChangeBus } from "../../services/change-bus.ts";
import { EndpointStore } from "../../services/api-proxy/endpoint-store.ts";
import {
  ProxyDirectory,
  type KnownProxy,
} from "../../services/api-proxy/proxy-directory.ts";
import { ProjectStore } from "../../services/api-proxy/project-store.ts";
import { ProxyStore } from "../../services/api-proxy/proxy-store.ts";

export const layer = Layer.effect(
  ProxyDirectory,
  Effect.gen(function* () {
    const projects = yield* ProjectStore;
    const proxies = yield* ProxyStore;
    const endpoints = yield* EndpointStore;
    const bus = yield* ChangeBus;
    let projectNames = new Set<string>();
    const byId = new Map<number, KnownProxy>();
    const byName = new Map<string, KnownProxy>();
    // One load after the other: of two at once the older could end last.
    const turn = (yield* Semaphore.make(1)).withPermits(1);

    const forget = (id: number) => {
      const known = byId.get(id);
      byId.delete(id);
      // Another may have got the name.
      const name = known && nameOf(known.proxy);
      if (name !== undefined && byName.get(name) === known) byName.delete(name);
    };
    const learn = (proxy: ApiProxy, its: readonly Endpoint[]) => {
      forget(proxy.id);
      const known = { proxy, router: makeRouter(proxy, its) };
      byId.set(proxy.id, known);
      byName.set(nameOf(proxy), known);
    };

    const loadProjects = Effect.map(projects.list, (all) => {
      projectNames = new Set(all.map(({ name }) => name));
    });
    const loadAll = Effect.gen(function* () {
      yield* loadProjects;
      const found = yield* proxies.all;
      const its = Map.groupBy(yield* endpoints.all, ({ proxyId }) => proxyId);
      byId.clear();
      byName.clear();
      for (const proxy of found) learn(proxy, its.get(proxy.id) ?? []);
    }).pipe(turn);
    const loadOne = Effect.fnUntraced(function* (id: number) {
      const proxy = yield* proxies.findById(id);
      if (proxy === undefined) forget(id);
      else learn(proxy, yield* endpoints.list(id));
    }, turn);

    // Subscribed first: a change between loading and subscribing would be missed.
    yield* bus.subscribe((event) => {
      if (event._tag === "Lost") return loadAll;
      const { change } = event.logged;
      if (change._tag === "ProxyChanged") return loadOne(change.proxyId);
      return change._tag === "ProjectsChanged" ? turn(loadProjects) : Effect.void;
    });
    yield* loadAll;

    return ProxyDirectory.of({
      find: (projectName, proxyName) => byName.get(`${projectName}/${proxyName}`),
      hasProject: (projectName) => projectNames.has(projectName),
      proxiesOf: (projectName) =>
        [...byId.values()].filter(({ proxy }) => proxy.projectName === projectName),
    });
  }),
);

/** Unambiguous, for no name has a `/`. */
const nameOf = ({ projectName, name }: ApiProxy) => `${projectName}/${name}`;
