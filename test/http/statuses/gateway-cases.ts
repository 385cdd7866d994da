/**
 * The gateway's management: one request for each answer that is its own.
 *
 * @module
 */
import type { Asking, Given } from "./asking.ts";
import { aSource } from "./givens.ts";
import type { OwnCases } from "./own-cases.ts";
import type { World } from "./world.ts";

const NOBODYS = { projectName: "Nobody's" };
const users = { name: "/api/users", httpMethod: "GET" };
const identifier = { identifierName: "/api/users", identifierHttpMethod: "GET" };
const unknown = { name: "/nothing", httpMethod: "GET" };
const settings = { name: "settings", handlingAction: "STOP" };

async function made(world: World, path: string, body: object): Promise<void> {
  const response = await world.weather.service.send(
    "POST",
    `/apiops/projects/${path}`,
    body,
  );
  if (response.status !== 201) throw new Error(await response.text());
}

/** Called as the source is. */
const aProject: Given = async (world, id) => {
  await aSource(world, id);
  await made(world, "", { name: id });
  return { projectName: id };
};

/** With an endpoint. */
export const aProxy: Given = async (world, id) => {
  await aProject(world, id);
  await made(world, `${id}/apiProxies/`, { apiProxyName: id, sourceId: id });
  await made(world, `${id}/apiProxies/${id}/endpoints/`, users);
  return { projectName: id, apiProxyName: id };
};

/** With another beside it, whose name is known. */
const twoProxies: Given = async (world, id) => {
  const names = await aProxy(world, id);
  await made(world, `${id}/apiProxies/`, { apiProxyName: "taken", sourceId: id });
  return names;
};

/** With two endpoints. */
const twoEndpoints: Given = async (world, id) => {
  const names = await aProxy(world, id);
  await made(world, `${id}/apiProxies/${id}/endpoints/`, { ...users, httpMethod: "PUT" });
  return names;
};

const PROJECTS = "/apiops/projects/";
const PROXIES = `${PROJECTS}{projectName}/apiProxies/`;
const PROXY = `${PROXIES}{apiProxyName}/`;
const ENDPOINTS = `${PROXY}endpoints/`;

/** What is not a route's own is in the shared cases: 400, 401, 403, 503. */
const ofProxy = (sample: Asking): OwnCases => ({
  200: { given: aProxy, ...sample },
  "404 not_found": { params: { ...NOBODYS }, ...sample },
});

// One line for each answer.
// oxfmt-ignore
export const gatewayCases: Readonly<Record<string, OwnCases>> = {
  [`GET ${PROJECTS}`]: { 200: {} },
  [`POST ${PROJECTS}`]: {
    201: { body: (id) => ({ name: id }) },
    "409 conflict": { given: aProject, body: (id) => ({ name: id }) },
  },
  [`DELETE ${PROJECTS}{projectName}/`]: {
    200: { given: aProject },
    "404 not_found": { params: NOBODYS },
    "409 conflict": { given: aProxy },
  },
  [`GET ${PROXIES}`]: { 200: { given: aProject }, "404 not_found": { params: NOBODYS } },
  [`POST ${PROXIES}`]: {
    201: { given: aProject, body: (id) => ({ apiProxyName: id, sourceId: id }) },
    "404 not_found": { given: aProject, body: (id) => ({ apiProxyName: id, sourceId: "nowhere" }) },
    "409 conflict": { given: aProxy, body: (id) => ({ apiProxyName: id, sourceId: id }) },
  },
  [`GET ${PROXY}`]: ofProxy({}),
  [`PATCH ${PROXY}`]: {
    ...ofProxy({ body: () => ({ access: "PUBLIC" }) }),
    "409 conflict": { given: twoProxies, body: () => ({ apiProxyName: "taken" }) },
  },
  [`DELETE ${PROXY}`]: ofProxy({}),
  [`GET ${ENDPOINTS}`]: ofProxy({}),
  [`POST ${ENDPOINTS}`]: {
    201: { given: aProxy, body: () => unknown },
    "404 not_found": { params: NOBODYS, body: () => unknown },
    "409 conflict": { given: aProxy, body: () => users },
  },
  [`PATCH ${ENDPOINTS}`]: {
    ...ofProxy({ body: () => ({ ...users, backendResourceUrl: "/users" }) }),
    "404 not_found": { given: aProxy, body: () => unknown },
    "409 conflict": { given: twoEndpoints, body: () => ({ ...identifier, httpMethod: "PUT" }) },
  },
  [`POST ${ENDPOINTS}delete/`]: {
    200: { given: aProxy, body: () => users },
    "404 not_found": { given: aProxy, body: () => unknown },
  },
  [`PATCH ${ENDPOINTS}status/`]: {
    200: { given: aProxy, body: () => ({ ...users, active: false }) },
    "404 not_found": { given: aProxy, body: () => ({ ...unknown, active: false }) },
  },
  [`PATCH ${ENDPOINTS}cache/`]: {
    200: { given: aProxy, body: () => ({ ...identifier, cacheSettings: settings }) },
    "404 not_found": { given: aProxy, body: () => ({ ...identifier, identifierName: "/nothing", cacheSettings: settings }) },
  },
  [`GET ${ENDPOINTS}cache/`]: {
    200: { given: aProxy, query: "name=/api/users&httpMethod=GET" },
    "404 not_found": { given: aProxy, query: "name=/nothing&httpMethod=GET" },
  },
  [`PATCH ${PROXY}settings/cache/`]: ofProxy({ body: () => settings }),
  [`GET ${PROXY}settings/cache/`]: ofProxy({}),
};
