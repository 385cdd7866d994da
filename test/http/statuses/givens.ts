/**
 * What there is before a request.
 *
 * @module
 */
import { browser, loggedIn } from "../../support/browser.ts";
import { json } from "../../support/counting-upstream.ts";
import { jsonOf } from "../../support/service.ts";
import type { Given } from "./asking.ts";
import { addUser, PASSWORD, type World } from "./world.ts";

export const WAIT = { "X-UC-Wait": "1" };

/** Its upstream answers. */
export const aSource: Given = ({ weather }, id) => weather.source(id);

/** A source that lets one refresh wait. */
export const narrowSource: Given = ({ weather }, id) =>
  weather.source(id, { max_queue: 1 });

/** Another key's refresh waits, and no more may. */
export const fullQueue: Given = async (world, id) => {
  await narrowSource(world, id);
  await expectStatus(202, world.weather.read(id, {}, "/weather/Bergen"));
};

/** A source with an entry. */
export const storedEntry: Given = async (world, id) => {
  await aSource(world, id);
  await expectStatus(200, world.weather.read(id, WAIT));
};

/** A refresh of the source's key waits. */
export const queuedTask = async (world: World, id: string) => {
  await aSource(world, id);
  const { task_id } = await jsonOf(
    await expectStatus(202, world.weather.act(id, "refresh")),
  );
  return { task_id: String(task_id) };
};

/** It is told of, so it is kept. */
export const endedTask: Given = async (world, id) => {
  const { task_id } = await queuedTask(world, id);
  const path = `/api/v1/tasks/${task_id}`;
  await expectStatus(200, world.weather.service.request(path, { method: "DELETE" }));
  return { task_id };
};

export const failingUpstream: Given = async (world, id) => {
  world.weather.answers.set(id, json({}, 400));
  await aSource(world, id);
};

export const silentUpstream: Given = async ({ weather }, id) => {
  weather.answers.set(id, () => {});
  await weather.source(id, { timeout_ms: 500 });
};

/** A user who may log in. */
export const aUser: Given = async ({ weather }, id) => ({
  user_id: await addUser(weather.service, id, "user"),
});

export const idleUser: Given = async ({ weather }, id) => ({
  user_id: await addUser(weather.service, id, "user", false),
});

/** The only active admin, who is logged in. */
export const lastAdmin: Given = async ({ weather }) => {
  const [admin] = await weather.service.sql`select id from users where role = 'admin'`;
  return { user_id: String(admin?.["id"]) };
};

export const aToken: Given = async ({ weather }) => {
  const draft = { name: "a token", role: "guest" };
  const made = weather.service.send("POST", "/api/v1/tokens", draft);
  return { token_id: String((await jsonOf(await expectStatus(201, made))).id) };
};

/** As many passwords of the user were tried as may be. */
export const tiredUser: Given = async (world, id) => {
  await aUser(world, id);
  await tire(world, id);
};

/** Headers of a new user who is logged in. */
export const signedIn = async (world: World) => (await signIn(world)).headers;

/** Likewise, of one whose current password was tried as often as it may be. */
export const signedInAndTired = async (world: World) => {
  const { username, headers } = await signIn(world);
  await tire(world, username);
  return headers;
};

async function signIn(world: World) {
  const { service } = world.weather;
  const username = world.newId();
  await addUser(service, username, "user");
  const user = await loggedIn(service, username, PASSWORD);
  const token = await user.csrfToken();
  const headers = { cookie: `uc_session=${user.cookie}`, "x-csrftoken": token };
  return { username, headers };
}

async function tire({ weather }: World, username: string): Promise<void> {
  for (let index = 0; index < 10; index++) {
    await browser(weather.service).login(username, "wrong");
  }
}

async function expectStatus(status: number, asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (response.status === status) return response;
  throw new Error(
    `Expected ${status} before the case: ${response.status} ${await response.text()}`,
  );
}
