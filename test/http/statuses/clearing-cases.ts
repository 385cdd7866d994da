/**
 * Instances and the clear actions: one request for each answer that is their own.
 *
 * @module
 */
import type { Given } from "./asking.ts";
import { aSource } from "./givens.ts";
import type { OwnCases } from "./own-cases.ts";

const UNKNOWN = 999_999_999;
const TAKEN = "a taken name";

/** The instance that belongs to the id of a source. */
const instanceOf = (id: string) => 1_000_000 + Number(/\d+$/.exec(id)?.[0] ?? 0);

const anInstance: Given = async ({ weather }, id) => {
  const instance = instanceOf(id);
  await weather.service.sql`
    insert into instances (id, name, db_type, host, port, is_active, created_at, updated_at)
    overriding system value
    values (${instance}, ${id}, 'mysql', 'db.example.com', 3306, true, 0, 0)`;
  return { instance_id: String(instance) };
};

/** Another has a name that is known. */
const twoInstances: Given = async (world, id) => {
  await anInstance(world, world.newId());
  const { sql } = world.weather.service;
  await sql`
    update instances set name = ${TAKEN} where id = (select max(id) from instances)
      and not exists (select 1 from instances where name = ${TAKEN})`;
  return anInstance(world, id);
};

/** Holds a lock as a clear does that is under way. */
const beingCleared =
  (what: (id: string) => string): Given =>
  async (world, id) => {
    const made = await anInstance(world, id);
    await world.weather.service.sql`select pg_advisory_lock(2, hashtext(${what(id)}))`;
    return made;
  };

const instanceCleared = beingCleared((id) => `instance ${instanceOf(id)}`);
const userCleared = beingCleared((id) => `user "ada" of instance ${instanceOf(id)}`);

/** No other is active, so not one can be cleared. */
const allCleared: Given = async (world, id) => {
  await world.weather.service.sql`update instances set is_active = false`;
  return instanceCleared(world, id);
};

const draft = (id: string) => ({
  name: id,
  db_type: "mysql",
  host: "db.example.com",
  port: 3306,
});
const ofUser = (instance_id: number) => ({ instance_id, username: "ada" });

// One line for each answer.
// oxfmt-ignore
export const clearingCases: Readonly<Record<string, OwnCases>> = {
  "GET /api/v1/instances": { 200: { given: anInstance } },
  "POST /api/v1/instances": {
    201: { body: draft },
    "409 CONSTRAINT_VIOLATION": { given: anInstance, body: draft },
  },
  "GET /api/v1/instances/{instance_id}": {
    200: { given: anInstance },
    "404 RESOURCE_NOT_FOUND": { params: { instance_id: String(UNKNOWN) } },
  },
  "PATCH /api/v1/instances/{instance_id}": {
    200: { given: anInstance, body: () => ({ port: 3307 }) },
    "404 RESOURCE_NOT_FOUND": { params: { instance_id: String(UNKNOWN) }, body: () => ({ port: 3307 }) },
    "409 CONSTRAINT_VIOLATION": { given: twoInstances, body: () => ({ name: TAKEN }) },
  },
  "DELETE /api/v1/instances/{instance_id}": {
    200: { given: anInstance },
    "404 RESOURCE_NOT_FOUND": { params: { instance_id: String(UNKNOWN) } },
    "409 CONSTRAINT_VIOLATION": { given: instanceCleared },
  },

  "GET /api/v1/cache/stats": { 200: {} },
  "GET /api/v1/cache/classification/stats": { 200: {} },
  "POST /api/v1/cache/actions/clear-user": {
    200: { given: anInstance, body: (id) => ofUser(instanceOf(id)) },
    "404 RESOURCE_NOT_FOUND": { body: () => ofUser(UNKNOWN) },
    "409 CONSTRAINT_VIOLATION": { given: userCleared, body: (id) => ofUser(instanceOf(id)) },
  },
  "POST /api/v1/cache/actions/clear-instance": {
    200: { given: anInstance, body: (id) => ({ instance_id: instanceOf(id) }) },
    "404 RESOURCE_NOT_FOUND": { body: () => ({ instance_id: UNKNOWN }) },
    "409 CONSTRAINT_VIOLATION": { given: instanceCleared, body: (id) => ({ instance_id: instanceOf(id) }) },
  },
  "POST /api/v1/cache/actions/clear-all": {
    200: { given: anInstance },
    "409 CONSTRAINT_VIOLATION": { given: allCleared },
  },
  "POST /api/v1/cache/actions/clear-classification": { 200: { body: () => ({ db_type: "mysql" }) } },
  "POST /api/v1/cache/actions/purge": {
    200: { given: aSource, body: (id) => ({ source_id: id }) },
    "404 RESOURCE_NOT_FOUND": { body: () => ({ source_id: "nowhere" }) },
  },
};
