/**
 * One request for each problem that follows from what a route declares of itself: its
 * path, its body, what its caller needs.
 *
 * Each varies the route's sample, which succeeds, in one point.
 *
 * @module
 */
import { permits, type Role } from "../../../src/domain/access/permission.ts";
import type { DeclaredRoute } from "../../../src/http/route.ts";
import { type Asking, but, nameOf, prepared, send } from "./asking.ts";
import { credentialsOf, CUT_OFF_SOURCE, ROLES, type World } from "./world.ts";

/** Sends what must be answered so. */
export type Case = (world: World) => Promise<Response>;

export const NOBODY = { authorization: "Bearer nobody" };
export const BYPASS = { "X-UC-Bypass-Cache": "1" };
/** Names another token than the one that is sent with it. */
export const SECOND_TOKEN = { ...credentialsOf("admin"), "X-API-Key": "another" };

const UNKNOWN_TASK = `t_${"0".repeat(32)}`;
const MIB = 1024 * 1024;

/** They say nothing of the store, whoever asks. */
const STORELESS: ReadonlySet<string> = new Set(["GET /api/v1/healthz"]);
/** They ask the store nothing but who is logged in. */
const ASKED_BY_SESSION: ReadonlySet<string> = new Set([
  "GET /api/v1/info",
  "GET /api/v1/auth/csrf-token",
  "GET /api/v1/auth/me",
  "POST /api/v1/auth/logout",
]);
/** Could be a session's, as far as one can tell without the store. */
const SOME_SESSION = { cookie: `uc_session=${"x".repeat(43)}` };

/** What the admin face says in the place of the API's codes. */
const inAdminFace = (answer: string): string =>
  answer
    .replace(/^(?:400 MALFORMED|413 .*|415 .*|422 .*)$/, "400 VALIDATION_ERROR")
    .replace(/^404 .*$/, "404 RESOURCE_NOT_FOUND")
    .replace(/^503 .*$/, "500 INTERNAL_ERROR");

/** What the gateway says in the place of the API's codes. */
const inGatewayFace = (answer: string): string =>
  answer
    .replace(/^(?:400|413|415|422) .*$/, "400 bad_request")
    .replace(/^401 .*$/, "401 unauthorized_client")
    .replace(/^403 .*$/, "403 forbidden")
    .replace(/^503 .*$/, "503 service_unavailable");

const inFace = {
  api: (answer: string) => answer,
  admin: inAdminFace,
  gateway: inGatewayFace,
};

/** By the answer: its status and code. */
export function sharedCases(
  route: DeclaredRoute,
  sample: Asking,
): Readonly<Record<string, Case>> {
  const { needs, idempotent = false, face = "api" } = route.declaration;
  const isUnsafe = route.method !== "get";
  const hasBody = route.request?.body !== undefined;
  const hasCaller = needs !== "nothing";
  const refused = refusedIn(route);
  const asked =
    (more: Asking): Case =>
    async (world) =>
      send(world.weather.service, await prepared(world, route, but(sample, more)));

  const inSession =
    (token: string): Case =>
    async (world) => {
      const headers = { cookie: world.cookie, "x-csrftoken": token };
      return asked({ headers })(world);
    };

  const cases: readonly (readonly [answer: string, where: boolean, ask: Case])[] = [
    ["400 MALFORMED", hasCaller, asked(malformedFor(route))],
    ["401 AUTHENTICATION_REQUIRED", hasCaller, asked({ headers: NOBODY })],
    ["403 PERMISSION_REQUIRED", refused !== undefined, asked(refused ?? {})],
    ["403 CSRF_MISSING", isUnsafe, inSession("")],
    ["403 CSRF_INVALID", isUnsafe, inSession("x")],
    [
      "404 SOURCE_NOT_FOUND",
      route.path.includes("{source_id}"),
      asked({ params: { source_id: "nowhere" } }),
    ],
    [
      "404 TASK_NOT_FOUND",
      route.path.includes("{task_id}"),
      asked({ params: { task_id: UNKNOWN_TASK } }),
    ],
    ["409 IDEMPOTENCY_KEY_RUNNING", idempotent, stillRunning(route, sample)],
    ["413 BODY_TOO_LARGE", isUnsafe, asked({ text: tooLargeFor(route) })],
    [
      "415 UNSUPPORTED_MEDIA_TYPE",
      hasBody,
      asked({ headers: { "content-type": "text/plain" }, text: "{}" }),
    ],
    ["422 IDEMPOTENCY_KEY_REUSED", idempotent, reused(route, sample)],
    [
      "503 STORE_UNAVAILABLE",
      !STORELESS.has(nameOf(route)),
      async (world) => {
        const asking = ASKED_BY_SESSION.has(nameOf(route))
          ? but(sample, { headers: SOME_SESSION })
          : sample;
        return send(world.cutOff, await withoutStore(world, route, asking));
      },
    ],
  ];
  return Object.fromEntries(
    cases
      .filter(([, where]) => where)
      .map(([answer, , ask]) => [inFace[face](answer), ask]),
  );
}

/** What is refused to somebody; `undefined` where every caller may do all of it. */
function refusedIn({ declaration }: DeclaredRoute): Asking | undefined {
  const { needs, bypassNeeds = needs, restricted } = declaration;
  const without = (what: typeof needs): Role | undefined =>
    ROLES.find((role) => !permits(role, what));
  const [role, bypasser] = [without(needs), without(bypassNeeds)];
  if (role !== undefined) return { headers: credentialsOf(role) };
  if (bypasser !== undefined) {
    return { headers: { ...credentialsOf(bypasser), ...BYPASS } };
  }
  return restricted === "refused" && needs !== "nothing"
    ? { headers: credentialsOf("restricted") }
    : undefined;
}

/** The last parameter of the path, else the body, else the credentials. */
function malformedFor({ path, request }: DeclaredRoute): Asking {
  const at = path.lastIndexOf("{");
  if (at >= 0)
    return { template: path.slice(0, at) + path.slice(at).replace(/\{\w+\}/, "%ZZ") };
  return request?.body === undefined ? { headers: SECOND_TOKEN } : { text: "{" };
}

/** One byte over the route's own limit. */
export const tooLargeFor = ({ declaration }: DeclaredRoute) =>
  " ".repeat((declaration.maxBodyMiB ?? 1) * MIB + 1);

/** To the service whose store is away; there is a source, and nothing else. */
export const withoutStore = (world: World, route: DeclaredRoute, sample: Asking) =>
  prepared(
    world,
    route,
    {
      ...sample,
      given: async () => ({ task_id: UNKNOWN_TASK, user_id: "1", instance_id: "1" }),
    },
    CUT_OFF_SOURCE,
  );

const newKey = () => ({ "Idempotency-Key": crypto.randomUUID() });

/** Sent again while its first answer is still to come. */
const stillRunning =
  (route: DeclaredRoute, sample: Asking): Case =>
  async (world) => {
    const { service } = world.weather;
    const headers = newKey();
    const ready = await prepared(world, route, but(sample, { headers }));
    await send(service, ready);
    await service.sql`
      update idempotency_keys set lease_until = begun_at + 120000,
        status = null, headers = null, body = null
      where key = ${headers["Idempotency-Key"]}`;
    return send(service, ready);
  };

/** The key of a request that was another. */
const reused =
  (route: DeclaredRoute, sample: Asking): Case =>
  async (world) => {
    const { service } = world.weather;
    const ready = await prepared(world, route, but(sample, { headers: newKey() }));
    await send(service, ready);
    return send(service, { ...ready, path: `${ready.path}?other=1` });
  };
