import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { randomBytes } from "node:crypto";
import { leavesNoAdmin } from "../../../src/domain/access/user.ts";
import { SessionStore } from "../../../src/services/access/session-store.ts";
import { UserStore } from "../../../src/services/access/user-store.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

/** Two processes on one database. */
let store: TestStore;
let other: TestStore;

beforeAll(async () => {
  store = await testStore();
  other = await testStore({ address: store.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const HOUR = 3_600_000;
const BEFORE = "hash-before";
let count = 0;

const newUser = async (role: "admin" | "user" = "user") => {
  const draft = {
    username: `user-${++count}`,
    role,
    passwordHash: BEFORE,
    isActive: true,
  };
  const user = await store.run(UserStore.use(({ add }) => add(draft)));
  if (user === undefined) throw new Error("Expected a new name");
  return user;
};

const newHash = () => new Uint8Array(randomBytes(32));

const open = (at: TestStore, userId: number, hash = newHash(), passwordHash = BEFORE) =>
  at.run(SessionStore.use((sessions) => sessions.open({ hash, userId, passwordHash })));

const find = (at: TestStore, hash: Uint8Array) =>
  at.run(SessionStore.use((sessions) => sessions.find(hash)));

const sessionsOf = async (userId: number) =>
  (await store.sql`select 1 from sessions where user_id = ${userId}`).length;

/** Takes another password and ends all sessions, in one transaction, as a change does. */
const takePassword = (at: TestStore, id: number) =>
  at.run(
    Effect.gen(function* () {
      const { together } = yield* Transaction;
      const users = yield* UserStore;
      const sessions = yield* SessionStore;
      yield* together(
        "takePassword",
        Effect.gen(function* () {
          yield* users.lock(id);
          yield* users.update(id, { passwordHash: "hash-after" });
          yield* sessions.endAllOf(id);
        }),
      );
    }),
  );

describe("SessionStore", () => {
  test("finds what another process opened, with its user as the user is now", async () => {
    const { id, username } = await newUser();
    const hash = newHash();

    expect(await open(store, id, hash)).toBe(true);

    const found = await find(other, hash);
    expect(found).toMatchObject({ user: { id, username, role: "user", isActive: true } });
    expect(Buffer.from(found?.hash ?? []).equals(hash)).toBe(true);
    expect((found?.endsAt ?? 0) - (found?.createdAt ?? 0)).toBe(7 * 24 * HOUR);
    await other.run(UserStore.use(({ update }) => update(id, { role: "guest" })));
    expect((await find(store, hash))?.user.role).toBe("guest");
    expect(await find(store, newHash())).toBeUndefined();
  });

  test("opens none by another password, nor for a user who is not active", async () => {
    const { id } = await newUser();

    expect(await open(store, id, newHash(), "hash-of-another")).toBe(false);
    await store.run(UserStore.use(({ update }) => update(id, { isActive: false })));
    expect(await open(store, id)).toBe(false);
    expect(await open(store, 999_999)).toBe(false);
    expect(await sessionsOf(id)).toBe(0);
  });

  test("leaves no session by the password of before, in 200 races of a login and a change", async () => {
    let opened = 0;
    for (let trial = 0; trial < 20; trial++) {
      await atOnce(10, async () => {
        const { id } = await newUser();
        const [first, , second] = await Promise.all([
          open(store, id),
          takePassword(other, id),
          open(store, id),
        ]);
        opened += Number(first) + Number(second);
        expect(await sessionsOf(id)).toBe(0);
      });
    }
    // Else nothing was tried.
    expect(opened).toBeGreaterThan(0);
  }, 60_000);

  test("notes a use once in a minute", async () => {
    const { id } = await newUser();
    const hash = newHash();
    await open(store, id, hash);
    const note = () => store.run(SessionStore.use((sessions) => sessions.note(hash)));
    const seenAt = async () => (await find(store, hash))?.seenAt ?? 0;

    const first = await seenAt();
    await store.sql`update sessions set seen_at = seen_at - 59000 where hash = ${hash}`;
    await note();
    expect(await seenAt()).toBe(first - 59_000);
    await store.sql`update sessions set seen_at = seen_at - 1000 where hash = ${hash}`;
    await note();
    expect(await seenAt()).toBeGreaterThanOrEqual(first);
  });

  test("ends one, all but one, or all of a user, and none of another", async () => {
    const [{ id }, stranger] = [await newUser(), await newUser()];
    const hashes = [newHash(), newHash(), newHash(), newHash()];
    for (const hash of hashes) await open(store, id, hash);
    await open(store, stranger.id);
    const [kept = newHash(), gone = newHash()] = hashes;
    const end = (hash: Uint8Array) =>
      store.run(SessionStore.use((sessions) => sessions.end(hash)));
    const endAll = (but?: Uint8Array) =>
      store.run(SessionStore.use((sessions) => sessions.endAllOf(id, but)));

    expect(await end(gone)).toBe(1);
    expect(await end(gone)).toBe(0);
    expect(await endAll(kept)).toBe(2);
    expect(await find(other, kept)).toBeDefined();
    expect(await endAll()).toBe(1);
    expect(await sessionsOf(id)).toBe(0);
    expect(await sessionsOf(stranger.id)).toBe(1);
  });

  test("goes with its user", async () => {
    const { id } = await newUser();
    const hash = newHash();
    await open(store, id, hash);

    await other.run(UserStore.use(({ remove }) => remove(id)));

    expect(await find(store, hash)).toBeUndefined();
  });
});

describe("UserStore", () => {
  test("adds a name once, of many at once", async () => {
    const username = `raced-${++count}`;
    const draft = {
      username,
      role: "user",
      passwordHash: BEFORE,
      isActive: true,
    } as const;

    const added = await atOnce(20, (index) =>
      (index % 2 ? store : other).run(UserStore.use(({ add }) => add(draft))),
    );

    expect(added.filter((user) => user !== undefined)).toHaveLength(1);
  });

  test("keeps an admin of two who put each other out of use, 50 times", async () => {
    await store.sql`delete from users where role = 'admin'`;
    for (let trial = 0; trial < 50; trial++) {
      const [one, two] = [await newUser("admin"), await newUser("admin")];
      const disable = (at: TestStore, id: number) =>
        at.run(
          Effect.gen(function* () {
            const { together } = yield* Transaction;
            const users = yield* UserStore;
            yield* together(
              "disable",
              Effect.gen(function* () {
                const admins = yield* users.lockAdmins;
                const user = yield* users.lock(id);
                const change = { isActive: false };
                if (user === undefined || leavesNoAdmin(admins, user, change)) return;
                yield* users.update(id, change);
              }),
            );
          }),
        );

      await Promise.all([disable(store, one.id), disable(other, two.id)]);

      const left =
        await store.sql`select 1 from users where role = 'admin' and is_active`;
      expect(left).toHaveLength(1);
      await store.sql`delete from users where role = 'admin'`;
    }
  }, 60_000);

  test("puts a new hash in the place of the one it was made for only", async () => {
    const { id, username } = await newUser();
    const rehash = (from: string, to: string) =>
      store.run(UserStore.use((users) => users.rehash(id, from, to)));
    const kept = async () =>
      (await store.run(UserStore.use((users) => users.findByName(username))))
        ?.passwordHash;

    await rehash("hash-of-another", "x");
    expect(await kept()).toBe(BEFORE);
    await rehash(BEFORE, "hash-new");
    expect(await kept()).toBe("hash-new");
  });
});

describe("Sweeping.sweep()", () => {
  test("removes sessions that are over, and no others", async () => {
    const { id } = await newUser();
    const [idle, ended, live] = [newHash(), newHash(), newHash()];
    for (const hash of [idle, ended, live]) await open(store, id, hash);
    await store.sql`
      update sessions set seen_at = seen_at - ${12 * HOUR} where hash = ${idle}`;
    await store.sql`
      update sessions set ends_at = ends_at - ${7 * 24 * HOUR} where hash = ${ended}`;

    await store.run(Sweeping.use(({ sweep }) => sweep));

    expect(await find(store, idle)).toBeUndefined();
    expect(await find(store, ended)).toBeUndefined();
    expect(await find(store, live)).toBeDefined();
  });
});
