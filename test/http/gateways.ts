/**
 * A service with a source, a project and an API proxy of it: what the management of the
 * gateway is about.
 *
 * @module
 */
import { jsonOf, type TestService } from "../support/service.ts";
import { makeSource } from "./stored-entries.ts";

export const PROJECTS = "/apiops/projects/";
export const PROXIES = `${PROJECTS}MyProject/apiProxies/`;
export const PROXY = `${PROXIES}MyAPI/`;
export const ENDPOINTS = `${PROXY}endpoints/`;
export const ENDPOINT_CACHE = `${ENDPOINTS}cache/`;
export const PROXY_CACHE = `${PROXY}settings/cache/`;

/** `MyProject` with `MyAPI`, whose one endpoint is `GET /api/users`. */
export async function makeGateway(service: TestService): Promise<void> {
  await makeSource(service, "weather");
  await made(service.send("POST", PROJECTS, { name: "MyProject" }));
  await makeProxy(service, "MyAPI");
  const endpoint = { name: "/api/users", httpMethod: "GET" };
  await made(service.send("POST", ENDPOINTS, endpoint));
}

export async function makeProxy(
  service: TestService,
  apiProxyName: string,
  more: object = {},
): Promise<void> {
  const draft = { apiProxyName, sourceId: "weather", ...more };
  await made(service.send("POST", PROXIES, draft));
}

async function made(answer: Promise<Response>): Promise<void> {
  const response = await answer;
  if (response.status !== 201) throw new Error(await response.text());
}

/** A new token; `fields` as in `POST /api/v1/tokens`. */
export async function tokenOf(service: TestService, fields: object) {
  const draft = { name: "a token", role: "user", ...fields };
  const response = await service.send("POST", "/api/v1/tokens", draft);
  const { token } = await jsonOf(response);
  return { authorization: `Bearer ${token}` };
}

export const MANAGES = [{ name: "MyProject", permissions: ["API_MANAGEMENT:MANAGE"] }];
