/**
 * One request for each answer that is a route's own: those that succeed, and the problems
 * that do not follow from its declaration.
 *
 * The first of a route is its sample: it succeeds, and is varied for all other problems.
 *
 * @module
 */
import { OSLO } from "../weather.ts";
import type { Asking } from "./asking.ts";
import { clearingCases } from "./clearing-cases.ts";
import { aProxy, gatewayCases } from "./gateway-cases.ts";
import {
  aSource,
  aToken,
  aUser,
  endedTask,
  failingUpstream,
  fullQueue,
  idleUser,
  lastAdmin,
  narrowSource,
  queuedTask,
  signedIn,
  signedInAndTired,
  silentUpstream,
  storedEntry,
  tiredUser,
  WAIT,
} from "./givens.ts";
import { PASSWORD } from "./world.ts";

/** By the answer: its status, and the code of a problem. */
export type OwnCases = Readonly<Record<string, Asking>>;

const key = { key: OSLO };
const foreignKey = { key: "/elsewhere" };
const keys = [OSLO, "/weather/Bergen"];

const passwords = { current_password: PASSWORD, new_password: "another long password" };

const draft = (id: string, settings: object = {}) => ({
  id,
  base_url: "https://api.example.com",
  key_template: "/weather/{{city}}",
  ...settings,
});

// One line for each answer.
// oxfmt-ignore
export const ownCases: Readonly<Record<string, OwnCases>> = {
  "GET /api/v1/healthz": { 200: {} },
  "GET /api/v1/readyz": { 200: {} },
  "GET /api/v1/info": { 200: {} },
  "GET /api/v1/metrics": { 200: {} },
  "GET /metrics": { 200: {} },
  "GET /api/v1/audit": { 200: {}, "422 VALIDATION_FAILED": { query: "limit=0" } },

  "GET /api/v1/auth/csrf-token": { 200: {} },
  "POST /api/v1/auth/login": {
    200: { given: aUser, body: (id) => ({ username: id, password: PASSWORD }) },
    "401 INVALID_CREDENTIALS": { body: () => ({ username: "nobody", password: "wrong" }) },
    "403 ACCOUNT_DISABLED": { given: idleUser, body: (id) => ({ username: id, password: PASSWORD }) },
    "429 RATE_LIMIT_EXCEEDED": { given: tiredUser, body: (id) => ({ username: id, password: PASSWORD }) },
  },
  "POST /api/v1/auth/logout": { 200: { signedIn } },
  "GET /api/v1/auth/me": { 200: {} },
  "POST /api/v1/auth/change-password": {
    200: { signedIn, body: () => passwords },
    "401 INVALID_CREDENTIALS": { signedIn, body: () => ({ ...passwords, current_password: "wrong" }) },
    "403 PERMISSION_REQUIRED": { body: () => passwords },
    "429 RATE_LIMIT_EXCEEDED": { signedIn: signedInAndTired, body: () => passwords },
  },

  "GET /api/v1/tokens": { 200: {}, "422 VALIDATION_FAILED": { query: "limit=0" } },
  "POST /api/v1/tokens": {
    201: { body: () => ({ name: "a token", role: "guest" }) },
    "422 VALIDATION_FAILED": { body: () => ({ name: "a token" }) },
  },
  "DELETE /api/v1/tokens/{token_id}": {
    204: { given: aToken },
    "404 TOKEN_NOT_FOUND": { params: { token_id: "k_1" } },
    "409 TOKEN_NOT_REVOCABLE": { params: { token_id: "bootstrap" } },
  },
  "GET /api/v1/users": { 200: {}, "422 VALIDATION_FAILED": { query: "limit=0" } },
  "POST /api/v1/users": {
    201: { body: (id) => ({ username: id, password: PASSWORD, role: "user" }) },
    "409 USER_EXISTS": { given: aUser, body: (id) => ({ username: id, password: PASSWORD, role: "user" }) },
    "422 VALIDATION_FAILED": { body: (id) => ({ username: id, password: "short", role: "user" }) },
  },
  "GET /api/v1/users/{user_id}": {
    200: { given: aUser },
    "404 USER_NOT_FOUND": { params: { user_id: "999999" } },
  },
  "PATCH /api/v1/users/{user_id}": {
    200: { given: aUser, body: () => ({ role: "guest" }) },
    "404 USER_NOT_FOUND": { params: { user_id: "999999" }, body: () => ({ role: "guest" }) },
    "409 LAST_ADMIN": { given: lastAdmin, body: () => ({ role: "guest" }) },
    "422 VALIDATION_FAILED": { given: aUser, body: () => ({}) },
  },
  "DELETE /api/v1/users/{user_id}": {
    204: { given: aUser },
    "404 USER_NOT_FOUND": { params: { user_id: "999999" } },
    "409 LAST_ADMIN": { given: lastAdmin },
  },

  "GET /api/v1/sources": { 200: { given: aSource } },
  "POST /api/v1/sources": {
    201: { body: (id) => draft(id) },
    "409 SOURCE_EXISTS": { given: aSource, body: (id) => draft(id) },
    "422 VALIDATION_FAILED": { body: (id) => draft(id, { cache_ttl_s: -1 }) },
  },
  "GET /api/v1/sources/{source_id}": { 200: { given: aSource } },
  "PATCH /api/v1/sources/{source_id}": {
    200: { given: aSource, body: () => ({ name: "Weather" }) },
    "422 VALIDATION_FAILED": { given: aSource, body: () => ({ cache_ttl_s: -1 }) },
  },
  "DELETE /api/v1/sources/{source_id}": {
    204: { given: aSource },
    "409 SOURCE_IN_USE": { given: aProxy },
    "422 VALIDATION_FAILED": { given: aSource, query: "keep_cache=maybe" },
  },

  "GET /api/v1/cache/{source_id}/{key}": {
    200: { given: storedEntry, params: key },
    202: { given: aSource, params: key },
    304: { given: storedEntry, params: key, headers: { "If-None-Match": "*" } },
    "404 ENTRY_NOT_FOUND": { given: aSource, params: key, headers: { "X-UC-Cache-Only": "1" } },
    "422 VALIDATION_FAILED": { given: aSource, params: foreignKey },
    "429 QUEUE_FULL": { given: fullQueue, params: key },
    "502 UPSTREAM_FAILED": { given: failingUpstream, params: key, headers: WAIT },
    "504 UPSTREAM_TIMEOUT": { given: silentUpstream, params: key, headers: WAIT },
  },
  "GET /api/v1/cache/{source_id}/{key}/meta": {
    200: { given: storedEntry, params: key },
    "404 ENTRY_NOT_FOUND": { given: aSource, params: key },
    "422 VALIDATION_FAILED": { given: aSource, params: foreignKey },
  },
  "GET /api/v1/cache/{source_id}/list": {
    200: { given: storedEntry },
    "422 VALIDATION_FAILED": { given: aSource, query: "limit=0" },
  },
  "POST /api/v1/cache/{source_id}/batch-get": {
    200: { given: storedEntry, body: () => ({ keys }) },
    "422 VALIDATION_FAILED": { given: aSource, body: () => ({ keys: [] }) },
  },

  "POST /api/v1/cache/{source_id}/{key}/refresh": {
    200: { given: aSource, params: key, headers: WAIT },
    202: { given: aSource, params: key },
    "409 REFRESH_UNFINISHED": { given: queuedTask, params: key },
    "422 VALIDATION_FAILED": { given: aSource, params: foreignKey },
    "429 QUEUE_FULL": { given: fullQueue, params: key },
    "502 UPSTREAM_FAILED": { given: failingUpstream, params: key, headers: WAIT },
    "504 UPSTREAM_TIMEOUT": { given: silentUpstream, params: key, headers: WAIT },
  },
  "POST /api/v1/cache/{source_id}/{key}/invalidate": {
    204: { given: storedEntry, params: key },
    "422 VALIDATION_FAILED": { given: aSource, params: key, query: "soft=maybe" },
  },
  "POST /api/v1/cache/{source_id}/prefetch": {
    202: { given: aSource, body: () => ({ keys }) },
    "422 VALIDATION_FAILED": { given: aSource, body: () => ({ keys: [] }) },
    "429 QUEUE_FULL": { given: narrowSource, body: () => ({ keys }) },
  },

  "POST /api/v1/tasks/run": {
    200: { given: aSource, body: (id) => ({ source_id: id, keys }) },
    "404 SOURCE_NOT_FOUND": { body: () => ({ source_id: "nowhere" }) },
    "422 VALIDATION_FAILED": { body: () => ({ keys }) },
    "429 QUEUE_FULL": { given: narrowSource, body: (id) => ({ source_id: id, keys }) },
  },
  "GET /api/v1/tasks": {
    200: { given: queuedTask },
    "404 SOURCE_NOT_FOUND": { query: "source_id=nowhere" },
    "422 VALIDATION_FAILED": { query: "state=sleeping" },
  },
  "GET /api/v1/tasks/{task_id}": { 200: { given: queuedTask } },
  "GET /api/v1/tasks/status/{task_id}": { 200: { given: queuedTask } },
  "DELETE /api/v1/tasks/{task_id}": {
    200: { given: queuedTask },
    "409 TASK_NOT_QUEUED": { given: endedTask },
  },
  "GET /api/v1/rate-limit/{source_id}": { 200: { given: aSource } },

  ...clearingCases,
  ...gatewayCases,
};
