import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Effect, Exit } from "effect";
import { AUDIT_KEPT_MILLIS } from "../../../src/domain/audit/audit-action.ts";
import { type Acting, Actor, asSystem } from "../../../src/services/audit/actor.ts";
import { type Act, Audit, type AuditFilter } from "../../../src/services/audit/audit.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { Transaction } from "../../../src/services/transaction.ts";
import { type TestStore, testStore } from "./test-store.ts";

let store: TestStore;
beforeAll(async () => {
  store = await testStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  await store.sql`delete from audit_records`;
});

const ann: Acting = {
  actor: "user:7",
  actorName: "Ann",
  address: "2001:db8::7",
  requestId: "req-1",
};
const act: Act = { action: "source.delete", target: "weather" };

const recording = (done: Act) => Audit.use((audit) => audit.record(done));
const record = (done: Act, acting = ann) =>
  store.run(Effect.provideService(recording(done), Actor, acting));
const everything: AuditFilter = {
  action: undefined,
  actor: undefined,
  from: undefined,
  to: undefined,
  before: undefined,
};
const list = (filter: Partial<AuditFilter> = {}, limit = 100) =>
  store.run(Audit.use((audit) => audit.list({ ...everything, ...filter }, limit)));
const targets = async (filter: Partial<AuditFilter> = {}, limit = 100) =>
  (await list(filter, limit)).map(({ target }) => target);

describe("Audit.record()", () => {
  test("keeps who did what, when and from where", async () => {
    const details = { keep_cache: true, nested: { from: 1, to: [null, "é"] } };
    const before = Date.now();

    await record({ ...act, details });

    const after = Date.now();

    const [kept, ...others] = await list();
    expect(kept).toEqual({
      ...ann,
      ...act,
      details,
      at: kept?.at ?? 0,
      id: kept?.id ?? 0,
    });
    expect(kept?.at).toBeWithin(before - 1_000, after + 1_000);
    expect(others).toEqual([]);
  });

  test("keeps what the service does of itself as the system's", async () => {
    await store.run(asSystem(recording(act)));

    expect(await list()).toMatchObject([
      { actor: "system", actorName: "system", address: undefined, requestId: undefined },
    ]);
  });

  test("keeps text that JSON in the store has no place for, as near as it can", async () => {
    await record({ ...act, details: { text: "a\0b\ud800c😀" } });

    expect(await list()).toMatchObject([{ details: { text: "a\ufffdb\ufffdc😀" } }]);
  });

  test("is undone with the change that it was to be committed with", async () => {
    const failed = await store.exit(
      Effect.gen(function* () {
        const { together } = yield* Transaction;
        yield* together("change", Effect.andThen(recording(act), Effect.die("broken")));
      }).pipe(asSystem),
    );

    expect(Exit.isFailure(failed)).toBe(true);
    expect(await list()).toEqual([]);
  });
});

describe("Audit.list()", () => {
  /** Of one instant: `b` and `c`. */
  beforeEach(async () => {
    for (const [target, at] of [
      ["a", 1_000],
      ["b", 2_000],
      ["c", 2_000],
      ["d", 3_000],
    ] as const) {
      await record({ action: "source.create", target });
      await store.sql`update audit_records set at = ${at} where target = ${target}`;
    }
  });

  test("gives the newest first, those of one instant by number", async () => {
    expect(await targets()).toEqual(["d", "c", "b", "a"]);
    expect(await targets({}, 2)).toEqual(["d", "c"]);
  });

  test("goes on behind any record, in one instant too", async () => {
    const records = await list();
    for (const [index, before] of records.entries()) {
      const rest = records.slice(index + 1).map(({ target }) => target);
      expect(await targets({ before })).toEqual(rest);
    }
  });

  test("gives what was done at an instant or later, and before another", async () => {
    expect(await targets({ from: 2_000 })).toEqual(["d", "c", "b"]);
    expect(await targets({ to: 2_000 })).toEqual(["a"]);
    expect(await targets({ from: 1_001, to: 3_000 })).toEqual(["c", "b"]);
  });

  test("gives only one kind of act, and only one actor's", async () => {
    await record({ action: "token.revoke", target: "e" }, { ...ann, actor: "user:8" });

    expect(await targets({ action: "token.revoke" })).toEqual(["e"]);
    expect(await targets({ actor: "user:8" })).toEqual(["e"]);
    expect(await targets({ actor: "user:7", action: "token.revoke" })).toEqual([]);
  });
});

describe("Sweeping", () => {
  test("keeps records for 90 days and no longer", async () => {
    const ago = async (target: string, millis: number) => {
      await record({ ...act, target });
      await store.sql`
        update audit_records set at = uc_now() - ${millis}::bigint where target = ${target}`;
    };
    await ago("old", AUDIT_KEPT_MILLIS + 1_000);
    await ago("young", AUDIT_KEPT_MILLIS - 60_000);

    await store.run(Sweeping.use(({ sweep }) => sweep));

    expect(AUDIT_KEPT_MILLIS).toBe(90 * 24 * 3_600_000);
    expect(await targets()).toEqual(["young"]);
  });
});
