/**
 * What the audit trail calls API proxies and endpoints.
 *
 * @module
 */
import type { EndpointName } from "./endpoint-store.ts";
import type { ProxyName } from "./proxy-store.ts";

/** `project/proxy`, and behind it `GET /path` for an endpoint. */
export function auditTarget(
  { projectName, apiProxyName }: ProxyName,
  endpoint?: EndpointName,
): string {
  const proxy = `${projectName}/${apiProxyName}`;
  return endpoint === undefined
    ? proxy
    : `${proxy} ${endpoint.httpMethod} ${endpoint.name}`;
}
