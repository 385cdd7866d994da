import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { REMEMBERED_MILLIS } from "../../../src/domain/refresh/task.ts";
import type { PurgeSelection } from "../../../src/domain/entry/purge.ts";
import type { Entry, EntryId } from "../../../src/domain/entry/entry.ts";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { EntryStore } from "../../../src/services/entry/entry-store.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { PRIORITY } from "../../../src/domain/refresh/task.ts";
import { TaskQueue } from "../../../src/services/refresh/task-queue.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { entryAt, idIn, insertSource, sourceOf } from "./sources.ts";
import { timed } from "../../support/moving-clock.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;

beforeAll(async () => {
  store = await testStore();
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
});

/** A space that no other test uses. */
const newSpace = () => sourceOf(crypto.randomUUID());

const head = async () => {
  const [row] = await store.sql<{ seq: number }[]>`select seq from change_head`;
  return row?.seq ?? 0;
};
const save = (entry: Entry, sinceSeq: number) =>
  store.run(EntryStore.use((entries) => entries.save(entry, sinceSeq)));
const find = async (id: EntryId) => {
  const found = await store.run(EntryStore.use((entries) => entries.find(id)));
  return found.entry;
};
const purge = (selection: PurgeSelection) =>
  store.run(EntryStore.use((entries) => entries.purge(selection)));
const keyOf = ({ space, key }: EntryId): PurgeSelection => ({ _tag: "Key", space, key });

describe("EntryStore.save()", () => {
  const space = newSpace();

  test.each<[string, string, Partial<Entry>]>([
    [
      "bytes of every value, NUL included",
      "/bytes",
      {
        encoding: "base64",
        body: Uint8Array.from({ length: 512 }, (_, index) => index % 256),
        contentType: undefined,
      },
    ],
    ["an empty body", "/empty", { encoding: "text", body: new Uint8Array() }],
    ["a body of 5 MiB", "/large", { body: new Uint8Array(5 * 1024 * 1024).fill(0xff) }],
    [
      "headers in their order, with repeated names and quotes",
      "/headers",
      {
        headers: [
          ["b", "1"],
          ["a", 'W/"x\\y", "ü"'],
          ["b", "2"],
        ],
      },
    ],
    [
      "params with every sort of text",
      "/params",
      { params: { city: "Åre", empty: "", quote: '"\\', __proto: "x", 数: "😀" } },
    ],
    [
      "a negative entry",
      "/negative",
      { status: 404, body: new TextEncoder().encode("null") },
    ],
    [
      "instants far ahead and behind",
      "/instants",
      {
        lifetime: {
          storedAt: -1,
          freshUntil: 0,
          staleUntil: 4_102_444_800_000,
          fallbackUntil: Number.MAX_SAFE_INTEGER,
        },
        requestAt: -5_000,
        responseAt: 4_102_444_800_001,
      },
    ],
    ["a key beyond a row of an index", `/${"ü".repeat(1_500)}`, {}],
  ])("stores what find() gives back exactly: %s", async (_, key, changes) => {
    const entry = entryAt(idIn(space, key), changes);

    expect(await save(entry, await head())).toBe("Saved");

    const found = await find(entry);
    expect({ ...found, body: [...(found?.body ?? [])] }).toEqual({
      ...entry,
      body: [...entry.body],
    });
  });

  test("keeps apart what differs in space or key by a byte", async () => {
    const [one, other] = [newSpace(), newSpace()];
    const ids = [idIn(one, "/a"), idIn(other, "/a"), idIn(one, "/A"), idIn(one, "/a/")];

    for (const [index, id] of ids.entries()) {
      await save(entryAt(id, { etag: `W/"${index}"` }), await head());
    }

    const tags = await Promise.all(ids.map(async (id) => (await find(id))?.etag));
    expect(tags).toEqual(['W/"0"', 'W/"1"', 'W/"2"', 'W/"3"']);
  });

  test("replaces every part of the entry before", async () => {
    const id = idIn(space, "/replaced");
    await save(
      entryAt(id, { headers: [["etag", "x"]], params: { a: "1" } }),
      await head(),
    );
    const next = entryAt(id, {
      status: 404,
      contentType: undefined,
      encoding: "text",
      body: new TextEncoder().encode("gone"),
      etag: 'W/"two"',
      requestAt: 2_000,
      responseAt: 2_100,
    });

    await save(next, await head());

    expect(await find(id)).toEqual({ ...next, body: expect.anything() });
    const [row] = await store.sql<{ count: number }[]>`
      select count(*) as count from entries where key = '/replaced'`;
    expect(row?.count).toBe(1);
  });

  test("never puts an older answer in the place of a newer one, however they race", async () => {
    const since = await head();

    const left = await atOnce(30, async (round) => {
      const id = idIn(space, `/race-${round}`);
      await atOnce(5, (index) => {
        const at = [300, 500, 100, 400, 200][index] ?? 0;
        return save(entryAt(id, { requestAt: at, etag: `W/"${at}"` }), since);
      });
      return (await find(id))?.etag;
    });

    expect(new Set(left)).toEqual(new Set(['W/"500"']));
  });

  test("stores nothing when the transaction around it fails", async () => {
    const id = idIn(space, "/rolled-back");
    const since = await head();

    await store.exit(
      Transaction.use(({ together }) =>
        together(
          "test",
          Effect.andThen(
            EntryStore.use((entries) => entries.save(entryAt(id), since)),
            Effect.fail("no"),
          ),
        ),
      ),
    );

    expect(await find(id)).toBeUndefined();
  });
});

describe("EntryStore.renew()", () => {
  const space = newSpace();
  const renewal = (id: EntryId, etag: string) => ({
    ...id,
    etag,
    lifetime: {
      storedAt: 5_000,
      freshUntil: 6_000,
      staleUntil: 7_000,
      fallbackUntil: 8_000,
    },
    headers: [["etag", '"up"']] as const,
    requestAt: 4_900,
    responseAt: 5_000,
  });
  const renew = (id: EntryId, etag: string, sinceSeq: number) =>
    store.run(EntryStore.use((entries) => entries.renew(renewal(id, etag), sinceSeq)));

  test("moves the instants and headers, and leaves the data", async () => {
    const id = idIn(space, "/renewed");
    const entry = entryAt(id);
    await save(entry, await head());

    expect(await renew(id, entry.etag, await head())).toBe("Saved");

    const { lifetime, requestAt, responseAt } = renewal(id, entry.etag);
    expect(await find(id)).toEqual({
      ...entry,
      body: expect.anything(),
      lifetime,
      headers: [["etag", '"up"']],
      requestAt,
      responseAt,
    });
  });

  test("renews nothing but what was asked about", async () => {
    const id = idIn(space, "/other");
    await save(entryAt(id, { etag: 'W/"new"' }), await head());

    expect(await renew(id, 'W/"old"', await head())).toBe("Outdated");
    expect(await renew(idIn(space, "/absent"), 'W/"old"', await head())).toBe("Outdated");

    expect((await find(id))?.lifetime.storedAt).toBe(1_000);
    expect(await find(idIn(space, "/absent"))).toBeUndefined();
  });

  test("never moves a newer confirmation back", async () => {
    const id = idIn(space, "/newer");
    await save(entryAt(id, { requestAt: 9_000, responseAt: 9_100 }), await head());

    await renew(id, 'W/"one"', await head());

    expect((await find(id))?.requestAt).toBe(9_000);
  });

  test("renews nothing that was purged since the exchange began", async () => {
    const id = idIn(space, "/purged");
    const since = await head();
    await save(entryAt(id), since);
    await purge(keyOf(id));
    await save(entryAt(id), await head());

    expect(await renew(id, 'W/"one"', since)).toBe("Outdated");
    expect((await find(id))?.lifetime.storedAt).toBe(1_000);
  });
});

/** Of an entry that is not forgotten meanwhile. */
const far = { storedAt: 0, freshUntil: 4e12, staleUntil: 4e12, fallbackUntil: 4e12 };

describe("EntryStore.purge()", () => {
  test("removes the one key, tells whether it was there, and gives the number of the change", async () => {
    const space = newSpace();
    const [a, b] = [idIn(space, "/a"), idIn(space, "/b")];
    await save(entryAt(a, { lifetime: far }), await head());
    await save(entryAt(b, { lifetime: far }), await head());

    const first = await purge(keyOf(a));
    const second = await purge(keyOf(a));

    expect([first.purged, second.purged]).toEqual([1, 0]);
    expect(second.seq).toBe(first.seq + 1);
    expect(await head()).toBe(second.seq);
    expect(await find(a)).toBeUndefined();
    expect(await find(b)).toBeDefined();
  });

  test("removes a whole space and no other", async () => {
    const [one, other] = [newSpace(), newSpace()];
    for (const key of ["/a", "/b", "/c"])
      await save(entryAt(idIn(one, key), { lifetime: far }), await head());
    await save(entryAt(idIn(other, "/a")), await head());

    const { purged } = await purge({ _tag: "Space", space: idIn(one, "").space });

    expect(purged).toBe(3);
    expect(await find(idIn(one, "/a"))).toBeUndefined();
    expect(await find(idIn(other, "/a"))).toBeDefined();
  });

  test("counts none that have expired, and removes them all the same", async () => {
    const id = idIn(newSpace(), "/a");
    await save(entryAt(id), await head());

    expect((await purge(keyOf(id))).purged).toBe(0);
    expect(await find(id)).toBeUndefined();
  });

  test("refuses the answer of an exchange that began before it, and takes one that began after", async () => {
    const space = newSpace();
    const [id, other] = [idIn(space, "/a"), idIn(space, "/b")];
    const since = await head();
    const { seq } = await purge(keyOf(id));

    expect(await save(entryAt(id), since)).toBe("Outdated");
    expect(await find(id)).toBeUndefined();
    expect(await save(entryAt(other), since)).toBe("Saved");
    expect(await save(entryAt(id), seq)).toBe("Saved");
  });

  test("brings nothing old back in 500 races with a save", async () => {
    const space = newSpace();
    let began = 0;
    let kept = 0;

    const race = async (round: number) => {
      const id = idIn(space, `/race-${round}`);
      const since = await head();
      const purging = () =>
        round % 5 === 0 ? purge({ _tag: "Space", space: id.space }) : purge(keyOf(id));
      // Now the one, now the other is asked for first.
      const earlier = round % 2 === 0 ? undefined : purging();
      const saving = save(entryAt(id), since);
      const [outcome, { seq }] = await Promise.all([saving, earlier ?? purging()]);
      if (outcome === "Outdated") began += 1;
      else kept += 1;
      return seq > since && (await find(id)) !== undefined;
    };
    const violations: boolean[] = [];
    for (let batch = 0; batch < 500; batch += 50) {
      violations.push(...(await atOnce(50, (index) => race(batch + index))));
    }

    expect(violations.filter(Boolean)).toEqual([]);
    // Both orders were seen, so both were tried.
    expect(Math.min(began, kept)).toBeGreaterThan(0);
  }, 60_000);

  test("brings nothing old back while many exchanges begin and end around it", async () => {
    const space = newSpace();
    const id = idIn(space, "/busy");
    /** The number of the last purge that was answered; what began before may not be found. */
    let purgedSeq = 0;
    const state = { isOn: true };
    const violations: number[] = [];
    const exchange = async () => {
      while (state.isOn) {
        const since = await head();
        await save(entryAt(id, { requestAt: since, etag: `W/"${since}"` }), since);
      }
    };
    const look = async () => {
      while (state.isOn) {
        const barrier = purgedSeq;
        const found = await find(id);
        if (found !== undefined && found.requestAt < barrier) violations.push(barrier);
      }
    };

    const busy = [exchange(), exchange(), exchange(), look(), look()];
    for (let round = 0; round < 150; round++) purgedSeq = (await purge(keyOf(id))).seq;
    state.isOn = false;
    await Promise.all(busy);

    expect(violations).toEqual([]);
  }, 60_000);
});

describe("EntryStore.abandon()", () => {
  const sweepAll = () =>
    store.run(
      Effect.gen(function* () {
        const { sweep } = yield* Sweeping;
        while (yield* sweep);
      }),
    );

  test("lets no exchange that began before it store anything, and leaves the rest to the sweep", async () => {
    const space = newSpace();
    const ids = Array.from({ length: 40 }, (_, index) => idIn(space, `/${index}`));
    const since = await head();
    for (const id of ids) await save(entryAt(id, { lifetime: far }), since);
    const kept = idIn(newSpace(), "/kept");
    await save(entryAt(kept, { lifetime: far }), since);

    await store.run(EntryStore.use((entries) => entries.abandon(idIn(space, "").space)));
    const late = await save(entryAt(idIn(space, "/late"), { lifetime: far }), since);
    await sweepAll();

    expect(late).toBe("Outdated");
    const [row] = await store.sql<{ count: number }[]>`
      select count(*) as count from entries where space = ${idIn(space, "").space}`;
    expect(row?.count).toBe(0);
    expect(await find(kept)).toBeDefined();
  });

  test("is answered in the same time for a large space: no entry is touched", async () => {
    const { space } = idIn(newSpace(), "");
    await store.sql`
      insert into entries (space, key, key_hash, status, headers, encoding, body, etag, params,
        stored_at, fresh_until, stale_until, fallback_until, request_at, response_at)
      select ${space}, '/' || n, sha256((${space} || n)::bytea), 200, '[]', 'json', '1', 'x', '{}',
        0, 4e12, 4e12, 4e12, 0, 0 from generate_series(1, 20000) n`;

    const abandon = EntryStore.use((entries) => entries.abandon(space));
    const { millis } = await timed(store, () => store.run(abandon));
    expect(millis).toBeLessThan(500);

    await sweepAll();
    const [row] = await store.sql<{ count: number }[]>`
      select count(*) as count from entries where space = ${space}`;
    expect(row?.count).toBe(0);
  }, 60_000);
});

describe("Sweeping.sweep()", () => {
  test("removes what has expired, and nothing that could still be read", async () => {
    const space = newSpace();
    const now = Date.now();
    const until = (fallbackUntil: number) => ({
      storedAt: 0,
      freshUntil: 0,
      staleUntil: 0,
      fallbackUntil,
    });
    await save(
      entryAt(idIn(space, "/over"), { lifetime: until(now - 1_000) }),
      await head(),
    );
    await save(
      entryAt(idIn(space, "/not"), { lifetime: until(now + 60_000) }),
      await head(),
    );

    await store.run(Sweeping.use(({ sweep }) => sweep));
    await store.run(Sweeping.use(({ sweep }) => sweep));

    expect(await find(idIn(space, "/over"))).toBeUndefined();
    expect(await find(idIn(space, "/not"))).toBeDefined();
  });

  test("keeps the changes that an exchange under way may have to know", async () => {
    const id = idIn(newSpace(), "/a");
    const since = await head();
    await purge(keyOf(id));

    await store.run(Sweeping.use(({ sweep }) => sweep));

    expect(await save(entryAt(id), since)).toBe("Outdated");
  });

  test("forgets ended tasks after a day", async () => {
    const source = newSpace();
    await insertSource(store.sql, source);
    const [task] = await store.run(
      TaskQueue.use((queue) =>
        queue.enqueue(source, [idIn(source, "/old")], { priority: 3, told: true }),
      ),
    );
    await store.run(
      TaskQueue.use((queue) =>
        Effect.flatMap(
          queue.claim(source, 1, PRIORITY.adaptive),
          ({ claimed: [claimed] }) =>
            claimed === undefined ? Effect.die("none") : queue.end(claimed, undefined),
        ),
      ),
    );
    const findTask = TaskQueue.use((queue) => queue.find(task?.taskId ?? ""));
    const sweep = Sweeping.use((sweeping) => sweeping.sweep);

    await store.run(sweep);
    expect(await store.run(findTask)).toMatchObject({ state: "succeeded" });
    await store.sql`update tasks set ended_at = ended_at - ${REMEMBERED_MILLIS}::bigint - 1`;
    await store.run(sweep);

    expect(await store.run(findTask)).toBeUndefined();
  });
});

describe("EntryStore.keysAfter()", () => {
  test("gives keys in the order of their bytes, page by page", async () => {
    const space = newSpace();
    const keys = [
      "/a",
      "/A",
      "/ä",
      "/b",
      "/a/b",
      "/a-b",
      "/10",
      "/9",
      "/😀",
      "/~",
      "/a%20b",
    ];
    for (const key of keys) await save(entryAt(idIn(space, key)), await head());
    const inBytes = keys.toSorted((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );

    const pages: string[] = [];
    for (let after = ""; ;) {
      const page = await store.run(
        EntryStore.use((entries) => entries.keysAfter(idIn(space, "").space, after, 4)),
      );
      pages.push(...page);
      if (page.length < 4) break;
      after = page.at(-1) ?? "";
    }

    expect(pages).toEqual(inBytes);
  });
});

describe("EntryStore.relabel()", () => {
  test("gives the named entries their params and leaves the others", async () => {
    const space = newSpace();
    for (const key of ["/a", "/b"]) {
      await save(entryAt(idIn(space, key), { params: { old: key } }), await head());
    }

    const params = new Map([
      ["/a", { city: "Åre", "weird\u0001": '"' }],
      ["/never", { x: "y" }],
    ]);
    await store.run(
      EntryStore.use((entries) => entries.relabel(idIn(space, "").space, params)),
    );

    expect((await find(idIn(space, "/a")))?.params).toEqual({
      city: "Åre",
      "weird\u0001": '"',
    });
    expect((await find(idIn(space, "/b")))?.params).toEqual({ old: "/b" });
  });
});

describe("EntryStore.removeKeys()", () => {
  test("removes those keys of that space", async () => {
    const [one, other] = [newSpace(), newSpace()];
    for (const space of [one, other]) {
      for (const key of ["/a", "/b", "/c"]) {
        await save(entryAt(idIn(space, key)), await head());
      }
    }

    await store.run(
      EntryStore.use((entries) =>
        entries.removeKeys(idIn(one, "").space, ["/a", "/c", "/never"]),
      ),
    );

    const left = (space: string) =>
      store.run(EntryStore.use((entries) => entries.keysAfter(space, "", 9)));
    expect(await left(idIn(one, "").space)).toEqual(["/b"]);
    expect(await left(idIn(other, "").space)).toEqual(["/a", "/b", "/c"]);
  });
});

describe("EntryStore.standings()", () => {
  test("tells of each key in the order asked, absent ones included", async () => {
    const source = newSpace();
    const ids = ["/a", "/b", "/c"].map((key) => idIn(source, key));
    const [, queued] = ids;
    if (queued === undefined) throw new Error("Expected an id");
    const [task] = await store.run(
      TaskQueue.use((queue) =>
        queue.enqueue(source, [queued], { priority: 3, told: true }),
      ),
    );

    const standings = await store.run(
      EntryStore.use((entries) => entries.standings(ids)),
    );

    const nothing = { task: undefined, failure: undefined };
    expect(standings).toEqual([
      nothing,
      {
        task: { id: task?.taskId ?? "", state: "queued", priority: 3, told: true },
        failure: undefined,
      },
      nothing,
    ]);
  });
});

describe("ChangeBus and EntryStore", () => {
  test("a purge is logged with what it selects", async () => {
    const selection = keyOf(idIn(newSpace(), "/logged"));
    const heard: unknown[] = [];
    await store.run(
      ChangeBus.use((bus) =>
        bus.subscribe((event) => Effect.sync(() => void heard.push(event))),
      ),
    );

    const { seq } = await purge(selection);
    await store.run(ChangeBus.use((bus) => bus.appliedHere(seq)));

    expect(heard).toContainEqual({
      _tag: "Logged",
      logged: { seq, change: { _tag: "Purged", selection } },
    });
  });
});
