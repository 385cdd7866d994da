import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import { Database } from "../../../src/adapters/postgres/database.ts";
import {
  RECORDS_PER_STEP,
  sweepRecords,
} from "../../../src/adapters/postgres/sweep-records.ts";
import { SWEEP_LOCK } from "../../../src/adapters/postgres/sweeping.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { timed } from "../../support/moving-clock.ts";
import { patientPool } from "./patient-pool.ts";
import { type TestStore, testStore } from "./test-store.ts";

let store: TestStore;
const DAYS = 100 * 86_400_000;

beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());

const sweep = () => store.run(Sweeping.use((sweeping) => sweeping.sweep));
const sweepAll = (on = store) =>
  on.run(
    Effect.gen(function* () {
      const sweeping = yield* Sweeping;
      while (yield* sweeping.sweep);
    }),
  );
const countOf = async (table: string, on = store) => {
  const [row] = await on.sql<{ count: number }[]>`
    select count(*)::int as count from ${on.sql(table)}`;
  return row?.count;
};

/** `count` rows that are over for long. */
const fillers: Readonly<
  Record<string, (count: number, on?: TestStore) => Promise<unknown>>
> = {
  changes: (count) => store.sql`
    insert into changes (seq, logged_at, kind, change)
    select -n, uc_now() - ${DAYS}::bigint, 'TokensChanged', '{"_tag":"TokensChanged"}'
    from generate_series(1, ${count}::int) n`,
  processes: (count) => store.sql`
    insert into processes (id, started_at, heard_at, applied_seq)
    select 'old-' || n, 0, 0, 0 from generate_series(1, ${count}::int) n`,
  tasks: (count) => store.sql`
    insert into tasks (id, source_id, space, key, key_hash, priority, state, told, queued_at, ended_at)
    select 't_old_' || n, 'old', 's1', '/' || n, sha256(n::text::bytea), 3, 'succeeded', true, 0, 0
    from generate_series(1, ${count}::int) n`,
  audit_records: (count) => store.sql`
    insert into audit_records (at, actor, actor_name, action, target, details)
    select 0, 'system', 'system', 'cache.purge', n::text, '{}'
    from generate_series(1, ${count}::int) n`,
  backoffs: (count, on = store) => on.sql`
    insert into backoffs (key_hash, failures, failed_at, until, error_code, error_detail)
    select sha256(n::text::bytea), 1, 0, 0, 'UPSTREAM_STATUS', ''
    from generate_series(1, ${count}::int) n`,
  idempotency_keys: (count) => store.sql`
    insert into idempotency_keys (caller, key, fingerprint, begun_at)
    select 'token:a', n::text, ''::bytea, 0 from generate_series(1, ${count}::int) n`,
  login_attempts: (count) => store.sql`
    insert into login_attempts (hash, tried_at, ends_at)
    select sha256(n::text::bytea), '{0}', 60000 from generate_series(1, ${count}::int) n`,
  counters: (count) => store.sql`
    insert into counters (name, value)
    select 'gateway/' || n || '/hit', 1 from generate_series(1, ${count}::int) n`,
};

describe("Sweeping.sweep", () => {
  test.each(Object.keys(fillers))(
    "deletes all that is over of %s, more than one statement takes",
    async (table) => {
      await sweepAll();
      const kept = await countOf(table);
      await fillers[table]?.(RECORDS_PER_STEP * 2 + 1);

      await sweepAll();

      expect(await countOf(table)).toBe(kept);
    },
  );

  test("takes no longer over much because it swept little until then", async () => {
    // The server may keep a plan for each connection after some runs of a statement.
    const pool = { ...patientPool, connections: 2 };
    await using other = await testStore({ pool });
    for (let sweeps = 0; sweeps < 30; sweeps++) {
      await other.run(Sweeping.use((sweeping) => sweeping.sweep));
    }
    await fillers["backoffs"]?.(RECORDS_PER_STEP * 2, other);

    const { millis } = await timed(other, () => sweepAll(other));

    expect(await countOf("backoffs", other)).toBe(0);
    expect(millis).toBeLessThan(1_500);
  });

  test("when its time is over each table has had a turn, and there may be more", async () => {
    await sweepAll();
    await fillers["backoffs"]?.(RECORDS_PER_STEP + 1);
    await fillers["login_attempts"]?.(RECORDS_PER_STEP + 1);
    const once = () =>
      store.run(Effect.flatMap(Database, (database) => sweepRecords(database, 0)));

    expect(await once()).toBe(true);
    expect([await countOf("backoffs"), await countOf("login_attempts")]).toEqual([1, 1]);
    expect(await once()).toBe(false);
    expect([await countOf("backoffs"), await countOf("login_attempts")]).toEqual([0, 0]);
  });

  test("cancels every queued task of a source that is no more", async () => {
    await store.sql`
      insert into tasks (id, source_id, space, key, key_hash, priority, state, told, queued_at)
      select 't_orphan_' || n, 'gone', 's0', '/' || n, sha256(n::text::bytea), 3, 'queued', true, 0
      from generate_series(1, ${RECORDS_PER_STEP + 1}) n`;

    await sweepAll();

    const states = await store.sql`
      select state, error_code, count(*)::int from tasks where source_id = 'gone' group by 1, 2`;
    expect([...states]).toEqual([
      { state: "failed", error_code: "CANCELLED", count: RECORDS_PER_STEP + 1 },
    ]);
  });

  test("passes over rows that somebody else holds, and takes them later", async () => {
    await fillers["backoffs"]?.(3);
    let meanwhile: number | undefined;
    await store.sql.begin(async (other) => {
      await other`select 1 from backoffs where key_hash = sha256('2'::bytea) for update`;
      await sweep();
      meanwhile = await countOf("backoffs");
    });

    await sweep();

    expect([meanwhile, await countOf("backoffs")]).toEqual([1, 0]);
  });

  test("leaves all to another process that is at it", async () => {
    await fillers["backoffs"]?.(3);
    await store.sql.begin(async (other) => {
      await other`select pg_advisory_xact_lock(${SWEEP_LOCK}::bigint)`;

      expect(await sweep()).toBe(false);
      expect(await countOf("backoffs")).toBe(3);
    });
    await sweep();
    expect(await countOf("backoffs")).toBe(0);
  });
});
