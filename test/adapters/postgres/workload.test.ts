import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Counters } from "../../../src/services/counters.ts";
import { Workload } from "../../../src/services/workload.ts";
import { eventually } from "../../support/service.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());

const look = () => store.run(Workload.use((workload) => workload.look));

/** How many of the adapters' statements wait for a lock. */
const waitingForLock = async () => {
  const [row] = await store.sql<{ count: number }[]>`
    select count(*) as count from pg_stat_activity
    where datname = current_database() and application_name = 'uni-cache'
      and wait_event_type = 'Lock'`;
  return row?.count ?? 0;
};

/** `count` tasks in `state`, of a source that is `source`. */
const addTasks = (source: string, state: string, count: number) => store.sql`
  insert into tasks (
    id, source_id, space, key, key_hash, priority, state, told, queued_at, lease_until
  )
  select ${source} || ${state} || n, ${source}, 's1', '/' || n,
    sha256((${source} || ${state} || n)::bytea), 3, ${state}, false, 0, 0
  from generate_series(1, ${count}::int) as n`;

describe("Workload.look", () => {
  test("is zero of everything at first", async () => {
    expect(await look()).toEqual({ queued: 0, running: 0, sources: 0 });
  });

  test("counts what waits and what runs over all sources, and not what has ended", async () => {
    await addTasks("a", "queued", 3);
    await addTasks("b", "queued", 2);
    await addTasks("b", "running", 4);
    await addTasks("b", "succeeded", 7);
    await addTasks("b", "failed", 8);

    expect(await look()).toEqual({ queued: 5, running: 4, sources: 0 });
  });

  test("leaves connections to others, however many ask while counting takes long", async () => {
    const counted = await store.sql.begin(async (sql) => {
      await sql`lock table tasks in access exclusive mode`;
      const looks = atOnce(40, look);
      await eventually(waitingForLock, (waiting) => waiting > 0);

      const answer = await store.run(Counters.use((counters) => counters.totals));

      expect(answer.reads_hit).toBe(0);
      return { looks };
    });
    const looked = await counted.looks;
    expect(looked).toHaveLength(40);
  });
});
