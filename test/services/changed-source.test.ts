import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { PRIORITY } from "../../src/domain/refresh/task.ts";
import { collectSource } from "../../src/services/refresh/collect-source.ts";
import { learnSource } from "../../src/services/refresh/learn-source.ts";
import { RefreshNow } from "../../src/services/refresh/refresh-now.ts";
import { runCycle } from "../../src/services/refresh/run-cycle.ts";
import { json } from "../support/counting-upstream.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { type RefreshedSource, refreshedSource, refreshing } from "./refreshing.ts";

const { service, upstream, sourceWith } = await refreshing();

const OLD = { key_template: "/users/{{name}}" };
const NEW = { key_template: "/users/{{username}}" };

async function patch(source: RefreshedSource, fields: object, of = service) {
  const response = await of.send("PATCH", `/api/v1/sources/${source.id}`, fields);
  expect(response.status).toBe(200);
}

const purge = async (params: object, of = service) => {
  const response = await of.send("POST", "/api/v1/cache/actions/purge", { params });
  return (await jsonOf(response)).data.cleared_entries;
};

const collect = (source: RefreshedSource, known = source.known) =>
  service.run(
    collectSource(known, {
      room: 16,
      worst: PRIORITY.adaptive,
      begin: () => Effect.void,
    }),
  );

const queuedOf = async (source: RefreshedSource, of = service) => {
  const rows = await of.sql`
    select 1 from tasks where source_id = ${source.id} and state = 'queued'`;
  return rows.count;
};

describe("A source that was changed between what a process knows and its claim", () => {
  test("is claimed for at once by the names in force, which a clear then finds", async () => {
    const source = await sourceWith(OLD);
    await patch(source, NEW);

    // As a reader's, begun before the change.
    const end = await service.run(
      RefreshNow.use(({ now }) =>
        now(source.known, source.idOf("/users/ada"), PRIORITY.waiting),
      ),
    );

    expect(end).toBe("Updated");
    expect((await source.stored("/users/ada")).params).toEqual({ username: "ada" });
    expect(await purge({ username: "ada" })).toBe(1);
  });

  test("is not claimed for at once when it is another by now, or gone", async () => {
    const moved = await sourceWith(OLD);
    await patch(moved, { base_url: "http://127.0.0.1:9" });
    const gone = await sourceWith(OLD);
    await service.request(`/api/v1/sources/${gone.id}`, { method: "DELETE" });

    for (const { known, idOf } of [moved, gone]) {
      const now = RefreshNow.use((refreshes) =>
        refreshes.now(known, idOf("/users/ada"), PRIORITY.waiting),
      );
      expect(await service.run(now)).toBe("NoCallFree");
    }
    expect(upstream.calls).toEqual([]);
  });

  test("has no task taken by its old limit, and no call spent", async () => {
    const source = await sourceWith({ rate_limit: { per_minute: 60 } });
    await source.enqueue("/1", "/2", "/3", "/4");
    await patch(source, { rate_limit: { per_minute: 1 } });

    const turn = await collect(source);

    expect(turn._tag).toBe("Changed");
    expect(await queuedOf(source)).toBe(4);
    expect(await source.remaining()).toBe(1);
    if (turn._tag !== "Changed") return;
    const known = await service.run(learnSource(source.known, turn.seq));
    expect(known?.source.rateLimit).toEqual({ perMinute: 1 });
    expect((await collect(source, known))._tag).toBe("Claimed");
    expect(await queuedOf(source)).toBe(3);
  });

  test("has no task fail by what it was, where the upstream can't be reached", async () => {
    const source = await refreshedSource(service, "http://127.0.0.1:9");
    await source.enqueue("/1");
    await patch(source, { cache_ttl_s: 5 });

    expect((await collect(source))._tag).toBe("Changed");
    expect(await queuedOf(source)).toBe(1);
  });

  test("says that nothing new can be learnt where nothing is", async () => {
    const source = await sourceWith({});
    expect(await service.run(learnSource(source.known, 0))).toBeUndefined();
  });

  test("is asked again by the limit in force", async () => {
    const source = await sourceWith({ rate_limit: { per_minute: 60 } });
    upstream.answer((request, response) => {
      void patch(source, { rate_limit: { per_minute: 1 } }).then(() =>
        json({}, 500)(request, response),
      );
    });

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ _tag: "Failed", retry: false });
    expect(upstream.calls).toHaveLength(1);
  });

  test("is collected by hand as it is now", async () => {
    const source = await sourceWith(OLD);
    const { collecting } = await whileItWaits(service, source, "/users/bob", () => {
      const until = Date.now() + 60_000;
      return service.run(runCycle(source.known, { most: 5, until }));
    });

    expect(await collecting).toMatchObject({ dequeued: 1, updated: 1 });
    expect(await purge({ username: "bob" })).toBe(1);
  });
});

test("A worker whose claim waits while its source is changed collects by the new names", async () => {
  await using worker = await testService();
  const source = await sourceWith(OLD, worker);

  await whileItWaits(worker, source, "/users/ada", () => undefined);

  await eventually(
    () => source.stored("/users/ada"),
    (entry) => entry !== undefined,
  );
  expect((await source.stored("/users/ada")).params).toEqual({ username: "ada" });
  expect(await purge({ username: "ada" }, worker)).toBe(1);
  expect(upstream.calls).toHaveLength(1);
});

test("A source that moved to another origin has a space of its own, and can be deleted", async () => {
  const source = await sourceWith(OLD);
  await patch(source, { base_url: "http://127.0.0.1:9" });

  const [row] = await service.sql<{ space: string }[]>`
    select 's' || epoch as space from sources where id = ${source.id}`;
  expect(row?.space).not.toBe(source.known.space);
  const path = `/api/v1/sources/${source.id}`;
  expect((await service.request(path, { method: "DELETE" })).status).toBe(204);
});

/**
 * Changes the template of `source` while whoever collects it waits for its quota, having
 * looked at the queue and connected; then queues `key`, as one who knows of the change.
 */
async function whileItWaits<A>(
  of: TestService,
  source: RefreshedSource,
  key: string,
  collects: () => A,
): Promise<{ readonly collecting: A }> {
  const waiting = async () => {
    const locks = await of.sql`
      select 1 from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    return locks.count;
  };
  await of.sql`insert into quotas (source_id, state) values (${source.id}, '')`;
  return of.sql.begin(async (sql) => {
    await sql`select 1 from quotas where source_id = ${source.id} for update`;
    await source.enqueue("/users/old");
    const collecting = collects();
    await eventually(waiting, (count) => count === 1);
    await patch(source, NEW, of);
    await source.enqueue(key);
    // In an object, for a transaction waits for a promise that it ends with.
    return { collecting };
  });
}
