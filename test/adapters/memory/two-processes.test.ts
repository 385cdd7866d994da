import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { EntryNews } from "../../../src/services/entry/entry-news.ts";
import { EntryStore } from "../../../src/services/entry/entry-store.ts";
import { loadEntry } from "../../../src/services/entry/load-entry.ts";
import { eventually, type TestService, testService } from "../../support/service.ts";
import { timed } from "../../support/moving-clock.ts";
import { entryAt } from "../postgres/sources.ts";

let one: TestService;
let other: TestService;

/** Two processes' worth of services on one database; nothing is collected. */
beforeAll(async () => {
  one = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: one.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
});

const idOf = (key: string) => ({ space: "s900", key });

const head = async () => {
  const [row] = await one.sql<{ seq: string }[]>`select seq from change_head`;
  return Number(row?.seq);
};

/** Stores version `version` of `key` as a refresh does; `since` is when its exchange began. */
const replace = async (on: TestService, key: string, version: number, since?: number) => {
  const etag = `W/"${version}"`;
  const entry = entryAt(idOf(key), { etag, requestAt: version });
  const sinceSeq = since ?? (await head());
  await on.run(
    Effect.gen(function* () {
      const saved = yield* (yield* EntryStore).save(entry, sinceSeq);
      if (saved === "Saved") yield* (yield* EntryNews).replaced(entry);
    }),
  );
};

/** The version that a reader of `on` is served; 0 for none. */
const versionAt = async (on: TestService, key: string) => {
  const loaded = await on.run(loadEntry(idOf(key)));
  return loaded._tag === "Held" ? loaded.held.entry.requestAt : 0;
};

/** Purges `key` and waits for all. */
const invalidate = (on: TestService, key: string) =>
  on.run(
    Effect.gen(function* () {
      const { seq } = yield* (yield* EntryStore).purge({ _tag: "Key", ...idOf(key) });
      return { seq, unreached: yield* (yield* ChangeBus).acknowledged(seq) };
    }),
  );

describe("EntryNews.replaced()", () => {
  test("has the other process serve the new value within a second", async () => {
    await replace(one, "/news", 1);
    expect(await versionAt(other, "/news")).toBe(1);

    for (let version = 2; version < 22; version++) {
      await replace(one, "/news", version);
      expect(await versionAt(one, "/news")).toBe(version);
      const { millis } = await timed(one, () =>
        eventually(
          () => versionAt(other, "/news"),
          (served) => served === version,
        ),
      );
      expect(millis).toBeLessThan(1_000);
    }
  });

  test("reaches the other process for more entries than one message holds", async () => {
    const keys = Array.from({ length: 450 }, (_, index) => `/many-${index}`);
    for (const key of keys) await replace(one, key, 1);
    for (const key of keys) await versionAt(other, key);

    // A few at a time, for nobody waits long for a connection; then the news of all at once.
    const since = await head();
    for (let at = 0; at < keys.length; at += 10) {
      const entries = keys
        .slice(at, at + 10)
        .map((key) => entryAt(idOf(key), { etag: 'W/"2"', requestAt: 2 }));
      const saving = entries.map((entry) =>
        one.run(EntryStore.use((store) => store.save(entry, since))),
      );
      expect(await Promise.all(saving)).toEqual(entries.map(() => "Saved"));
    }
    await one.run(
      EntryNews.use((news) => Effect.forEach(keys, (key) => news.replaced(idOf(key)))),
    );

    await eventually(
      async () => {
        const versions = await Promise.all(keys.map((key) => versionAt(other, key)));
        return versions.filter((version) => version !== 2).length;
      },
      (left) => left === 0,
    );
  }, 60_000);

  test("misses nothing that was replaced while the connection was cut", async () => {
    await replace(one, "/cut", 1);
    expect(await versionAt(other, "/cut")).toBe(1);

    await one.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'uni-cache listen'`;
    await replace(one, "/cut", 2);

    await eventually(
      () => versionAt(other, "/cut"),
      (version) => version === 2,
    );
  });
});

describe("EntryStore.purge() and ChangeBus.acknowledged()", () => {
  test("leave no reader of any process with the old value once they have answered", async () => {
    /** The number of the last purge that was answered; versions are numbers too. */
    let purgedSeq = 0;
    const state = { isOn: true };
    let served = 0;
    const violations: string[] = [];
    const reader = async (on: TestService) => {
      while (state.isOn) {
        const least = purgedSeq;
        const version = await versionAt(on, "/cleared");
        if (version !== 0) served += 1;
        if (version !== 0 && version < least) violations.push(`${version} < ${least}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    // The version says when the exchange began; it ends at any time after a purge.
    const exchange = async (on: TestService) => {
      while (state.isOn) {
        const since = await head();
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
        await replace(on, "/cleared", since, since);
      }
    };

    const busy = [one, one, other, other].map(reader);
    busy.push(...[one, one, other, other].map(exchange));
    for (let trial = 0; trial < 200; trial++) {
      const on = trial % 2 === 0 ? one : other;
      // Where the machine stands still it says that it has not reached all, and promises nothing.
      const { seq } = await eventually(
        () => invalidate(on, "/cleared"),
        ({ unreached }) => unreached === 0,
      );
      purgedSeq = seq;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
    }
    state.isOn = false;
    await Promise.all(busy);

    expect(violations).toEqual([]);
    expect(served).toBeGreaterThan(100);
  }, 60_000);
});
