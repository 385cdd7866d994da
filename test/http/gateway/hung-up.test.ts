/**
 * Clients that hang up at the wrong moment: what was begun for them is ended, and what their
 * upstream has said is heard.
 */
import { afterAll, expect, test } from "bun:test";
import type postgres from "postgres";
import { PURGE_LOCK } from "../../../src/adapters/postgres/unless-purged.ts";
import { eventually, jsonOf } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import { numbered, readWhole, reply, told } from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy, answers } = plane;
const { get } = readWhole(plane);

/** Asks, and hangs up as soon as `until` is settled. */
const hangsUp = async (method: string, path: string, until: () => Promise<unknown>) => {
  const leaving = new AbortController();
  const init = { signal: leaving.signal, ...(method === "POST" ? { body: "x" } : {}) };
  const asked = plane.send(method, path, init).then(({ status }) => status);
  await until();
  leaving.abort();
  return { asked };
};

test("a miss that ends before it has begun to ask is in nobody's way", async () => {
  await proxy("hasty", {
    answer: numbered(),
    settings: { cacheStorageType: "LOCAL" },
  });
  const microtasks = async (count: number) => {
    for (let i = 0; i < count; i += 1) await Promise.resolve();
  };
  for (let moment = 0; moment < 60; moment += 1) {
    const { asked } = await hangsUp("GET", `hasty/${moment}`, () => microtasks(moment));
    await asked;
  }
  const after = Array.from({ length: 60 }, (_, moment) => get(`hasty/${moment}`));
  const stuck = new Promise<string>((resolve) => setTimeout(resolve, 3_000, "stuck"));
  expect(await Promise.race([Promise.all(after), stuck])).not.toBe("stuck");
});

/** Holds what `lock` locks from the moment at which the upstream is asked. */
const lockedWhileAsked = async (
  name: string,
  answer: ReturnType<typeof reply>,
  lock: (sql: postgres.TransactionSql) => Promise<unknown>,
  method: string,
) => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let hold: Promise<unknown> = Promise.resolve();
  const answered = new Promise<void>((resolve) => {
    answers.set(name, (request, response) => {
      const locked = new Promise<void>((ready) => {
        hold = plane.service.sql.begin(async (sql) => {
          await lock(sql);
          ready();
          await held;
        });
      });
      void locked.then(() => {
        response.once("finish", resolve);
        answer(request, response);
      });
    });
  });
  // Long enough for the answer to arrive and for what follows from it to wait for the lock.
  const heard = () => answered.then(() => new Promise((r) => setTimeout(r, 150)));
  const { asked } = await hangsUp(method, `${name}/a`, heard);
  letGo();
  await hold;
  // It has left before all was done.
  expect(await asked).toBe(499);
};

test("a pause that the upstream asks for is kept, though who asked has gone", async () => {
  await proxy("paused", { settings: {} });
  await lockedWhileAsked(
    "paused",
    reply("slow down", { "Retry-After": "60" }, 429),
    (sql) => sql`select 1 from quotas where source_id = 'paused' for update`,
    "GET",
  );
  const cooldown = await eventually(
    async () =>
      (await jsonOf(await plane.service.request("/api/v1/rate-limit/paused")))
        .cooldown_until,
    (until) => until !== null,
  );
  expect(cooldown).toBeString();
});

test("what an unsafe request has changed is forgotten, though who asked has gone", async () => {
  await proxy("changed", { answer: numbered(), settings: {} });
  expect(await told(await get("changed/b"))).toBe("MISS call 1");
  await lockedWhileAsked(
    "changed",
    reply("done", { "Content-Location": "b" }),
    (sql) => sql`select pg_advisory_xact_lock_shared(${PURGE_LOCK})`,
    "POST",
  );
  answers.set("changed", reply("new"));
  const said = await eventually(
    async () => told(await get("changed/b")),
    (words) => words !== "HIT call 1",
  );
  expect(said).toBe("MISS new");
  expect(callsOf("/changed/")).toHaveLength(3);
});
