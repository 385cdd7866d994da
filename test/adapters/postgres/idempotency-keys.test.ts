import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { Answer } from "../../../src/domain/idempotency/kept-answer.ts";
import {
  type Beginning,
  IdempotencyKeys,
  type RequestName,
  type RequestRun,
} from "../../../src/services/idempotency/idempotency-keys.ts";
import { Sweeping } from "../../../src/services/sweeping.ts";
import { atOnce, type TestStore, testStore } from "./test-store.ts";

let store: TestStore;
let other: TestStore;

/** Two processes on one database. */
beforeAll(async () => {
  store = await testStore();
  other = await testStore({ address: store.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});

const SECOND = 1_000;
const DAY = 86_400_000;

const mine = new Uint8Array(32).fill(1);
const another = new Uint8Array(32).fill(2);

const created: Answer = {
  status: 201,
  headers: [
    ["location", "/api/v1/sources/weather"],
    ["content-type", "application/json; charset=utf-8"],
  ],
  body: new Uint8Array([0, 0x7b, 0xff, 0x7d]),
};
const empty: Answer = { status: 204, headers: [], body: new Uint8Array() };

const newName = (caller = "bootstrap"): RequestName => ({
  caller,
  key: crypto.randomUUID(),
});

const begin = (name: RequestName, fingerprint = mine, at = store) =>
  at.run(IdempotencyKeys.use((keys) => keys.begin(name, fingerprint)));
const answered = (run: RequestRun, answer: Answer) =>
  store.run(IdempotencyKeys.use((keys) => keys.answered(run, answer)));
const forget = (run: RequestRun) =>
  store.run(IdempotencyKeys.use((keys) => keys.forget(run)));

const runOf = (beginning: Beginning): RequestRun => {
  if (beginning._tag !== "Begun") throw new Error(`Expected a run: ${beginning._tag}`);
  return beginning.run;
};
const begun = async (name: RequestName, fingerprint = mine, at = store) =>
  runOf(await begin(name, fingerprint, at));

/** As if the request had begun `millis` earlier. */
const age = ({ caller, key }: RequestName, millis: number) => store.sql`
  update idempotency_keys set begun_at = begun_at - ${millis}::bigint,
    lease_until = lease_until - ${millis}::bigint
  where caller = ${caller} and key = ${key}`;

const rowsOf = async ({ caller, key }: RequestName) => {
  const rows = await store.sql`
    select status from idempotency_keys where caller = ${caller} and key = ${key}`;
  return rows.length;
};

describe("IdempotencyKeys.begin()", () => {
  test("gives a name to one of fifty at once in two processes", async () => {
    for (let round = 0; round < 20; round++) {
      const name = newName();

      const beginnings = await atOnce(50, (index) =>
        begin(name, mine, index % 2 === 0 ? store : other),
      );

      const tags = beginnings.map(({ _tag }) => _tag);
      expect(tags.filter((tag) => tag === "Begun")).toHaveLength(1);
      expect(tags.filter((tag) => tag === "StillRunning")).toHaveLength(49);
    }
  });

  test("gives an abandoned name to one of fifty at once", async () => {
    for (let round = 0; round < 20; round++) {
      const name = newName();
      await begin(name);
      await age(name, 120 * SECOND);

      const beginnings = await atOnce(50, (index) =>
        begin(name, mine, index % 2 === 0 ? store : other),
      );

      const tags = beginnings.map(({ _tag }) => _tag);
      expect(tags.filter((tag) => tag === "Begun")).toHaveLength(1);
      expect(tags.filter((tag) => tag === "StillRunning")).toHaveLength(49);
    }
  });

  test.each([
    ["an answer", created],
    ["an answer without a body", empty],
    ["a body of 8 MiB", { ...created, body: new Uint8Array(8 * 1024 * 1024).fill(0x61) }],
  ])("gives %s again as it was, in every process", async (_, answer) => {
    const name = newName();
    await answered(await begun(name), answer);

    const again = await begin(name, mine, other);

    if (again._tag !== "Replay") throw new Error(`Expected a replay: ${again._tag}`);
    expect(again.answer.status).toBe(answer.status);
    expect(again.answer.headers).toEqual(answer.headers);
    expect(Buffer.compare(again.answer.body, answer.body)).toBe(0);
  });

  test("takes no other request under a name that runs or was answered", async () => {
    const name = newName();
    const run = await begun(name);

    expect(await begin(name, another)).toEqual({ _tag: "Mismatch" });
    await answered(run, created);
    expect(await begin(name, another)).toEqual({ _tag: "Mismatch" });
    expect((await begin(name))._tag).toBe("Replay");
  });

  test("knows the names of each caller apart", async () => {
    const name = newName("one");
    await answered(await begun(name), created);

    const theirs = await begin({ ...name, caller: "two" }, another);

    expect(theirs._tag).toBe("Begun");
    expect((await begin(name))._tag).toBe("Replay");
  });

  test("takes any 255 characters, and tells capitals apart", async () => {
    const name = { caller: "bootstrap", key: `'"; %_\\${"k".repeat(247)}K` };
    expect(name.key).toHaveLength(255);
    await begin(name);

    expect((await begin(name))._tag).toBe("StillRunning");
    expect((await begin({ ...name, key: name.key.toLowerCase() }))._tag).toBe("Begun");
  });

  test("begins anew, for the same request only, when the lease is over", async () => {
    const name = newName();
    await begin(name);

    await age(name, 119 * SECOND);
    expect((await begin(name))._tag).toBe("StillRunning");
    await age(name, SECOND);
    expect((await begin(name, another))._tag).toBe("Mismatch");
    expect((await begin(name))._tag).toBe("Begun");
    expect((await begin(name))._tag).toBe("StillRunning");
  });

  test("forgets an answer that is a day old, whatever is asked then", async () => {
    const name = newName();
    await answered(await begun(name), created);

    await age(name, DAY - 60 * SECOND);
    expect((await begin(name))._tag).toBe("Replay");
    await age(name, 60 * SECOND);
    const anew = await begun(name, another);
    expect((await begin(name, another))._tag).toBe("StillRunning");
    await answered(anew, empty);
    expect((await begin(name, another))._tag).toBe("Replay");
  });
});

describe("IdempotencyKeys.answered() and forget()", () => {
  test("can be repeated, and the first answer stays", async () => {
    const name = newName();
    const run = await begun(name);

    await answered(run, created);
    await answered(run, empty);
    await forget(run);

    const again = await begin(name);
    expect(again).toMatchObject({ _tag: "Replay", answer: { status: 201 } });
  });

  test("free the name of a request that has no answer to keep", async () => {
    const name = newName();
    const run = await begun(name);

    await forget(run);
    await forget(run);

    expect(await rowsOf(name)).toBe(0);
    expect((await begin(name, another))._tag).toBe("Begun");
  });

  test("of a run that was given up change nothing of the next", async () => {
    const name = newName();
    const run = await begun(name);
    await age(name, 120 * SECOND);
    const slow = { ...run, begunAt: run.begunAt - 120 * SECOND };
    const next = await begun(name);

    await answered(slow, created);
    await forget(slow);
    expect((await begin(name))._tag).toBe("StillRunning");
    await answered(next, empty);

    expect(await begin(name)).toMatchObject({ answer: { status: 204 } });
  });
});

describe("Sweeping.sweep", () => {
  test("removes what is a day old, answered or not, and nothing else", async () => {
    const [oldAnswer, oldRun, young] = [newName(), newName(), newName()];
    await answered(await begun(oldAnswer), created);
    await begin(oldRun);
    await answered(await begun(young), created);
    await Promise.all([age(oldAnswer, DAY), age(oldRun, DAY)]);
    await age(young, DAY - 60 * SECOND);

    await store.run(
      Effect.gen(function* () {
        const { sweep } = yield* Sweeping;
        while (yield* sweep);
      }),
    );

    expect(await Promise.all([oldAnswer, oldRun, young].map(rowsOf))).toEqual([0, 0, 1]);
  });
});
