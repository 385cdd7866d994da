/**
 * What there is before a request.
 *
 * @module
 */
import { json } from "../../support/counting-upstream.ts";
import { jsonOf } from "../../support/service.ts";
import type { Given } from "./asking.ts";
import type { World } from "./world.ts";

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
  await weather.source(id, { timeout_ms: 100 });
};

async function expectStatus(status: number, asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (response.status === status) return response;
  throw new Error(
    `Expected ${status} before the case: ${response.status} ${await response.text()}`,
  );
}
