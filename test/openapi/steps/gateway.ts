/**
 * The gateway's management: a project with an API proxy over the stage's source, which is
 * taken away again before that is.
 *
 * @module
 */
import { expect } from "bun:test";
import { good, refused } from "../client.ts";
import type { Step } from "../step.ts";

const PROJECTS = "/apiops/projects/";
const PROJECT = "/apiops/projects/{projectName}/";
const PROXIES = "/apiops/projects/{projectName}/apiProxies/";
const PROXY = "/apiops/projects/{projectName}/apiProxies/{apiProxyName}/";
const ENDPOINTS = `${PROXY}endpoints/` as const;

const users = { name: "/api/users", httpMethod: "GET" } as const;
const identifier = {
  identifierName: "/api/users",
  identifierHttpMethod: "GET",
} as const;

/** Of the stage, so that another run has another project. */
const inProject = (sourceId: string) => ({ path: { projectName: sourceId } });
const ofProxy = (sourceId: string) => ({
  path: { projectName: sourceId, apiProxyName: "MyAPI" },
});

export const gatewaySteps: readonly Step[] = [
  {
    title: "makes a project, and lists it",
    run: async ({ client, sourceId }) => {
      const body = { name: sourceId, description: "Of the flow" };
      const { result } = good(await client.POST(PROJECTS, { body }), 201);
      const { resultList } = good(await client.GET(PROJECTS), 200);

      expect(resultList).toContainEqual(result);
      const again = refused(await client.POST(PROJECTS, { body }), 409);
      expect(again.error).toBe("conflict");
    },
  },
  {
    title: "makes an API proxy from a document, and changes it",
    run: async ({ client, sourceId }) => {
      const spec = { openapi: "3.1.0", paths: { "/a/{id}": { get: {} } } };
      const body = {
        apiProxyName: "New",
        sourceId,
        apiProxyCreationType: "OPEN_API",
        spec,
      } as const;
      const params = inProject(sourceId);
      const made = good(await client.POST(PROXIES, { params, body }), 201);
      expect(made.result.access).toBe("TOKEN");

      const path = { ...params.path, apiProxyName: "New" };
      const change = { apiProxyName: "MyAPI", access: "PUBLIC" } as const;
      const changed = await client.PATCH(PROXY, { params: { path }, body: change });
      const { result } = good(changed, 200);

      const read = await client.GET(PROXY, { params: ofProxy(sourceId) });
      expect(good(read, 200).result).toEqual(result);
      const { resultCount } = good(await client.GET(PROXIES, { params }), 200);
      expect(resultCount).toBe(1);
    },
  },
  {
    title: "makes, changes, switches and lists endpoints",
    run: async ({ client, sourceId }) => {
      const params = ofProxy(sourceId);
      good(await client.POST(ENDPOINTS, { params, body: users }), 201);
      const change = { ...users, backendResourceUrl: "/users" };
      good(await client.PATCH(ENDPOINTS, { params, body: change }), 200);
      const body = { ...users, active: false };
      good(await client.PATCH(`${ENDPOINTS}status/`, { params, body }), 200);

      const { resultList } = good(await client.GET(ENDPOINTS, { params }), 200);

      expect(resultList.map(({ name }) => name)).toEqual(["/a/{id}", "/api/users"]);
      expect(resultList[1]).toMatchObject({
        backendResourceUrl: "/users",
        active: false,
      });
    },
  },
  {
    title: "sets cache settings, and reads which are in force",
    run: async ({ client, sourceId }) => {
      const params = ofProxy(sourceId);
      const settings = {
        name: "settings",
        cacheActive: true,
        handlingAction: "STOP",
      } as const;
      const ofAll = `${PROXY}settings/cache/` as const;
      const ofOne = `${ENDPOINTS}cache/` as const;
      good(await client.PATCH(ofAll, { params, body: settings }), 200);
      const cacheSettings = {
        ...settings,
        cacheActive: false,
        cacheKeyType: "CUSTOM",
        variableList: [{ name: "userId", type: "HEADER", dataType: "STRING" }],
      } as const;
      const body = {
        ...identifier,
        cacheSettings: {
          ...cacheSettings,
          variableList: [...cacheSettings.variableList],
        },
      };
      expect(good(await client.PATCH(ofOne, { params, body }), 200)).toEqual({
        success: true,
      });

      const proxys = good(await client.GET(ofAll, { params }), 200);
      const query = users;
      const endpoints = good(
        await client.GET(ofOne, { params: { ...params, query } }),
        200,
      );

      expect(proxys.effective.from).toBe("API_PROXY");
      expect(endpoints.effective).toEqual(proxys.effective);
      expect(endpoints.cacheSettings?.variableList).toHaveLength(1);
    },
  },
  {
    title: "is told what is not there",
    run: async ({ client, sourceId }) => {
      const path = { projectName: sourceId, apiProxyName: "Nothing" };
      const answer = await client.GET(PROXY, { params: { path } });

      expect(refused(answer, 404)).toEqual({
        error: "not_found",
        error_description: "ApiProxy (name: Nothing) was not found!",
      });
    },
  },
  {
    title: "takes the endpoint, the API proxy and the project away",
    run: async ({ client, sourceId }) => {
      const params = ofProxy(sourceId);
      good(await client.POST(`${ENDPOINTS}delete/`, { params, body: users }), 200);
      const source = { path: { source_id: sourceId } };
      const kept = await client.DELETE("/api/v1/sources/{source_id}", { params: source });
      expect(refused(kept, 409).code).toBe("SOURCE_IN_USE");
      good(await client.DELETE(PROXY, { params }), 200);
      good(await client.DELETE(PROJECT, { params: inProject(sourceId) }), 200);
    },
  },
];
