/**
 * One of each service error, and where it may happen: the OpenAPI document's examples.
 *
 * Made by the classes that the service fails with, so that an example says what an answer
 * would say. Adding a tag to `ServiceError` without a row here is a compile error.
 *
 * @module
 */
import {
  AccountDisabled,
  CsrfInvalid,
  CsrfMissing,
  InvalidCredentials,
  LastAdmin,
  NotAuthenticated,
  NotPermitted,
  TokenNotFound,
  TokenNotRevocable,
  TooManyLogins,
  UserExists,
  UserNotFound,
} from "../services/access/errors.ts";
import {
  ApiProxyExists,
  ApiProxyNotFound,
  EndpointExists,
  EndpointNotFound,
  ProjectExists,
  ProjectNotEmpty,
  ProjectNotFound,
} from "../services/api-proxy/errors.ts";
import {
  ClearUnderWay,
  EntryNotFound,
  IdempotencyKeyReused,
  IdempotencyKeyRunning,
  InstanceExists,
  InstanceNotFound,
  Invalid,
  Malformed,
  QueueFull,
  RefreshUnfinished,
  type ServiceError,
  SourceExists,
  SourceInUse,
  SourceNotFound,
  StoreUnavailable,
  TaskNotFound,
  TaskNotQueued,
  UpstreamFailed,
  UpstreamTimedOut,
} from "../services/errors.ts";

interface Sample<E> {
  /** The path of the request. */
  readonly instance: string;
  readonly error: E;
}

const sourceId = "weather";
const key = "/weather/Oslo";
const taskId = "t_019a9f3c2b1e4d5f60718293a4b5c6d7";
const retryAfterSeconds = 10;

const tokenId = "k_019a9f3c2b1e4d5f60718293a4b5c6d7";
const login = "/api/v1/auth/login";
const sources = "/api/v1/sources";
const entry = "/api/v1/cache/weather/%2Fweather%2FOslo";
const projects = "/apiops/projects/";
const project = "MyProject";
const apiProxy = "MyAPI";
const apiProxies = `${projects}${project}/apiProxies/`;
const endpoint = { name: "/api/users", httpMethod: "GET" };
const endpoints = `${apiProxies}${apiProxy}/endpoints/`;

export const problemSamples = {
  Malformed: {
    instance: entry,
    error: new Malformed({
      field: "X-UC-Cache-Only",
      reason: "Must be true, 1, false or 0",
    }),
  },
  NotAuthenticated: { instance: entry, error: new NotAuthenticated() },
  NotPermitted: { instance: sources, error: new NotPermitted({ permission: "admin" }) },
  InvalidCredentials: { instance: login, error: new InvalidCredentials() },
  AccountDisabled: { instance: login, error: new AccountDisabled() },
  TooManyLogins: { instance: login, error: new TooManyLogins({ retryAfterSeconds: 37 }) },
  CsrfMissing: { instance: sources, error: new CsrfMissing() },
  CsrfInvalid: {
    instance: sources,
    error: new CsrfInvalid({ reason: "X-CSRFToken is not the token of this session" }),
  },
  TokenNotFound: {
    instance: `/api/v1/tokens/${tokenId}`,
    error: new TokenNotFound({ tokenId }),
  },
  TokenNotRevocable: {
    instance: "/api/v1/tokens/bootstrap",
    error: new TokenNotRevocable({ tokenId: "bootstrap" }),
  },
  UserNotFound: {
    instance: "/api/v1/users/7",
    error: new UserNotFound({ userId: "7" }),
  },
  UserExists: { instance: "/api/v1/users", error: new UserExists({ username: "mia" }) },
  LastAdmin: { instance: "/api/v1/users/1", error: new LastAdmin({ username: "admin" }) },
  SourceNotFound: { instance: entry, error: new SourceNotFound({ sourceId }) },
  EntryNotFound: { instance: entry, error: new EntryNotFound({ sourceId, key }) },
  TaskNotFound: {
    instance: `/api/v1/tasks/${taskId}`,
    error: new TaskNotFound({ taskId }),
  },
  InstanceNotFound: {
    instance: "/api/v1/instances/7",
    error: new InstanceNotFound({ instanceId: 7 }),
  },
  InstanceExists: {
    instance: "/api/v1/instances",
    error: new InstanceExists({ name: "orders" }),
  },
  ClearUnderWay: {
    instance: "/api/v1/cache/actions/clear-instance",
    error: new ClearUnderWay({ what: "instance 7" }),
  },
  TaskNotQueued: {
    instance: `/api/v1/tasks/${taskId}`,
    error: new TaskNotQueued({ taskId, state: "running" }),
  },
  RefreshUnfinished: {
    instance: `${entry}/refresh`,
    error: new RefreshUnfinished({ key, taskId }),
  },
  SourceExists: { instance: sources, error: new SourceExists({ sourceId }) },
  SourceInUse: {
    instance: `${sources}/${sourceId}`,
    error: new SourceInUse({ sourceId, apiProxies: [`${project}/${apiProxy}`] }),
  },
  ProjectNotFound: { instance: apiProxies, error: new ProjectNotFound({ project }) },
  ProjectExists: { instance: projects, error: new ProjectExists({ project }) },
  ProjectNotEmpty: {
    instance: `${projects}${project}/`,
    error: new ProjectNotEmpty({ project }),
  },
  ApiProxyNotFound: { instance: endpoints, error: new ApiProxyNotFound({ apiProxy }) },
  ApiProxyExists: { instance: apiProxies, error: new ApiProxyExists({ apiProxy }) },
  EndpointNotFound: { instance: endpoints, error: new EndpointNotFound(endpoint) },
  EndpointExists: { instance: endpoints, error: new EndpointExists(endpoint) },
  IdempotencyKeyRunning: { instance: sources, error: new IdempotencyKeyRunning() },
  IdempotencyKeyReused: { instance: sources, error: new IdempotencyKeyReused() },
  Invalid: {
    instance: sources,
    error: new Invalid({
      problems: [{ field: "rate_limit.burst", message: "Must not exceed per_minute, 5" }],
    }),
  },
  QueueFull: { instance: entry, error: new QueueFull({ sourceId, retryAfterSeconds }) },
  UpstreamFailed: {
    instance: entry,
    error: new UpstreamFailed({
      sourceId,
      reason: "Upstream answered 500",
      retryAfterSeconds,
    }),
  },
  StoreUnavailable: {
    instance: sources,
    error: new StoreUnavailable({ operation: "SourceStore.list", cause: undefined }),
  },
  UpstreamTimedOut: {
    instance: entry,
    error: new UpstreamTimedOut({ sourceId, retryAfterSeconds }),
  },
} satisfies { readonly [E in ServiceError as E["_tag"]]: Sample<E> };
