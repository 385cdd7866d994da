/**
 * The routes of the gateway's management.
 *
 * @module
 */
import type { Api } from "../../route.ts";
import { changeEndpointRoute } from "./change-endpoint.ts";
import { changeEndpointCacheRoute } from "./change-endpoint-cache.ts";
import { changeProxyRoute } from "./change-proxy.ts";
import { changeProxyCacheRoute } from "./change-proxy-cache.ts";
import { createEndpointRoute } from "./create-endpoint.ts";
import { createProjectRoute } from "./create-project.ts";
import { createProxyRoute } from "./create-proxy.ts";
import { deleteEndpointRoute } from "./delete-endpoint.ts";
import { deleteProjectRoute } from "./delete-project.ts";
import { deleteProxyRoute } from "./delete-proxy.ts";
import { listEndpointsRoute } from "./list-endpoints.ts";
import { listProjectsRoute } from "./list-projects.ts";
import { listProxiesRoute } from "./list-proxies.ts";
import { readEndpointCacheRoute } from "./read-endpoint-cache.ts";
import { readProxyRoute } from "./read-proxy.ts";
import { readProxyCacheRoute } from "./read-proxy-cache.ts";
import { switchEndpointRoute } from "./switch-endpoint.ts";

export function gatewayManagement(api: Api): void {
  listProjectsRoute(api);
  createProjectRoute(api);
  deleteProjectRoute(api);
  listProxiesRoute(api);
  createProxyRoute(api);
  readProxyRoute(api);
  changeProxyRoute(api);
  deleteProxyRoute(api);
  listEndpointsRoute(api);
  createEndpointRoute(api);
  changeEndpointRoute(api);
  deleteEndpointRoute(api);
  switchEndpointRoute(api);
  changeEndpointCacheRoute(api);
  readEndpointCacheRoute(api);
  changeProxyCacheRoute(api);
  readProxyCacheRoute(api);
}
