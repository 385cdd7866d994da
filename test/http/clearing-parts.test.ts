import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { act, createInstance, inventorySources } from "./inventory.ts";

/** Two parts. */
const ENTRIES = 20_500;
const PART = 20_000;
const PATIENCE_MILLIS = 60_000;

let one: TestService;
let other: TestService;

/** Two processes' worth of services on one database; nothing is collected. */
beforeAll(async () => {
  one = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: one.address });
  await inventorySources(one);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await one.sql`delete from audit_records`;
  await one.sql`delete from entries`;
});

/** Stores `count` accounts of an instance, as one statement. */
async function storeAccounts(instance: number, count: number): Promise<void> {
  await one.sql`
    insert into entries (
      space, key, key_hash, status, headers, encoding, body, etag, params, stored_at,
      fresh_until, stale_until, fallback_until, request_at, response_at
    )
    select 's' || s.epoch, k.key, sha256(convert_to(k.key, 'utf8')), 200, '[]', 'json',
      '{}', 'W/"1"', jsonb_build_object('instance_id', ${instance}::text, 'username', n::text),
      0, 9e15, 9e15, 9e15, 0, 0
    from sources s, generate_series(1, ${count}) n,
      lateral (select '/instances/' || ${instance}::text || '/accounts/' || n as key) k
    where s.id = 'accounts'`;
}

const left = async () => {
  const [row] = await one.sql<{ count: string }[]>`select count(*) from entries`;
  return Number(row?.count);
};
/** Oldest first. */
const trail = async () => {
  const { items } = await jsonOf(await one.request("/api/v1/audit?limit=50"));
  return items
    .filter(({ action }: any) => !action.endsWith(".create"))
    .map(({ action, target, details }: any) => [action, target, details])
    .toReversed();
};
const parts = (action: string, target: string, name: object = {}) => {
  const first = { entries: PART, part: 1, entries_so_far: PART, complete: false };
  const last = {
    entries: ENTRIES - PART,
    part: 2,
    entries_so_far: ENTRIES,
    complete: true,
  };
  return [
    [action, target, { ...name, ...first }],
    [action, target, { ...name, ...last }],
  ];
};

describe("A clear of more than is cleared at once", () => {
  test(
    "records each part, and how many there were in all",
    async () => {
      const id = await createInstance(one, "parts");
      await storeAccounts(id, ENTRIES);

      const response = await act(one, "clear-instance", { instance_id: id });

      expect((await jsonOf(response)).data.cleared_entries).toBe(ENTRIES);
      expect(await trail()).toEqual(parts("cache.clear_instance", String(id)));
    },
    PATIENCE_MILLIS,
  );

  test(
    "removes a deleted instance with the last part",
    async () => {
      const id = await createInstance(one, "deleted");
      await storeAccounts(id, ENTRIES);

      const path = `/api/v1/instances/${id}`;
      expect((await one.request(path, { method: "DELETE" })).status).toBe(200);

      expect((await one.request(path)).status).toBe(404);
      const name = { name: "deleted" };
      expect(await trail()).toEqual(parts("instance.delete", String(id), name));
    },
    PATIENCE_MILLIS,
  );

  test(
    "that breaks off has recorded what it cleared, and lets the next one in",
    async () => {
      const id = await createInstance(one, "broken");
      await storeAccounts(id, ENTRIES);
      const [head] = await one.sql<{ seq: string }[]>`select seq from change_head`;
      await one.sql.unsafe(`
      create function break_off() returns trigger language plpgsql as $$
        begin
          if new.seq > ${Number(head?.seq) + 1} then raise 'broken off'; end if;
          return new;
        end $$;
      create trigger break_off before insert on changes
        for each row execute function break_off()`);
      const clear = () => act(one, "clear-instance", { instance_id: id });
      try {
        expect((await clear()).status).toBe(500);
      } finally {
        await one.sql`drop function break_off cascade`;
      }

      expect(await left()).toBe(ENTRIES - PART);
      const [first] = parts("cache.clear_instance", String(id));
      expect(await trail()).toEqual([first]);
      expect((await clear()).status).toBe(200);
      expect(await left()).toBe(0);
    },
    PATIENCE_MILLIS,
  );
});

describe("A clear that not every process knows of yet", () => {
  /** Such a process is waited for, a second at most. */
  const addDeafProcess = () => one.sql`
    insert into processes (id, started_at, heard_at, applied_seq)
    values ('deaf', uc_now(), uc_now(), 0)
    on conflict (id) do update set heard_at = uc_now()`;
  afterAll(async () => {
    await one.sql`delete from processes where id = 'deaf'`;
  });
  /** Done again where the second was over too early: then it tells nothing. */
  const inTime = async <A extends { readonly isInTime: boolean }>(
    act: () => Promise<A>,
  ) => {
    let done = await act();
    for (let again = 0; again < 4 && !done.isInTime; again++) done = await act();
    return done;
  };

  test.each([
    ["clear-instance", {}],
    ["clear-user", { username: "1" }],
  ])("is under way: %s answers 409 in every process, then 200", async (action, rest) => {
    const id = await createInstance(one, `deaf ${action}`);
    const clear = (service: TestService) =>
      act(service, action, { instance_id: id, ...rest });

    const { meanwhile, data } = await inTime(async () => {
      await storeAccounts(id, 1);
      await addDeafProcess();
      const since = performance.now();
      const first = clear(one);
      await eventually(left, (count) => count === 0);
      const meanwhile = await Promise.all([clear(one), clear(other)]);
      const askedIn = performance.now() - since;
      const { data } = await jsonOf(await first);
      const endedIn = performance.now() - since;
      await one.sql`delete from processes where id = 'deaf'`;
      return { meanwhile, data, isInTime: askedIn < 1_000 && endedIn < 2_000 };
    });

    expect(meanwhile.map(({ status }) => status)).toEqual([409, 409]);
    expect(data).toEqual({ cleared_entries: 1, unreached_processes: 1 });
    expect((await clear(other)).status).toBe(200);
  });

  test("is under way for each instance of clear-all", async () => {
    const id = await createInstance(one, "deaf all");

    const statuses = await inTime(async () => {
      await one.sql`delete from audit_records`;
      await storeAccounts(id, 1);
      await addDeafProcess();
      const since = performance.now();
      const all = act(one, "clear-all");
      await eventually(left, (count) => count === 0);
      // The last instance of all is the one that is held last.
      await eventually(trail, (records) =>
        records.some(([, target]: any) => target === String(id)),
      );
      const meanwhile = await act(other, "clear-instance", { instance_id: id });
      const isInTime = performance.now() - since < 1_000;
      const both = [meanwhile.status, (await all).status];
      await one.sql`delete from processes where id = 'deaf'`;
      return { both, isInTime };
    });

    expect(statuses.both).toEqual([409, 200]);
    expect((await act(other, "clear-instance", { instance_id: id })).status).toBe(200);
  });
});
