/**
 * Bodies that are long in coming: they are kept as short ones are, and found once they have
 * come.
 */
import { afterAll, expect, test } from "bun:test";
import { PURGE_LOCK } from "../../../src/adapters/postgres/unless-purged.ts";
import { eventually } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import { labelOf, readWhole } from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { proxy } = plane;
const { get } = readWhole(plane);

const HALF = 50_000;

/** Answers 100 kB of the letter of the call: a half, and the other `millis` later. */
const inHalves = (millis: number, before = async () => {}) => {
  let calls = 0;
  return (_: unknown, response: import("node:http").ServerResponse) => {
    const half = "abcdef".charAt(calls++).repeat(HALF);
    response.write(half);
    setTimeout(() => void before().then(() => response.end(half)), millis);
  };
};
const letterOf = async (response: Response) => {
  const text = await response.text();
  return `${labelOf(response)} ${text.length} ${text.charAt(0)}`;
};

test("a call behind a hit renews with a long body too", async () => {
  await proxy("renewed", {
    answer: inHalves(100),
    settings: { handlingAction: "CONTINUE" },
  });
  expect(await letterOf(await get("renewed/a"))).toBe("MISS 100000 a");
  const renewed = await eventually(
    async () => letterOf(await get("renewed/a")),
    (said) => said !== "HIT 100000 a",
  );
  expect(renewed).toMatch(/^HIT 100000 [b-f]$/);
});

test("the end of a body that came slowly waits for its keeping as well", async () => {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let hold: Promise<unknown> = Promise.resolve();
  const locked = () =>
    new Promise<void>((ready) => {
      hold = plane.service.sql.begin(async (sql) => {
        await sql`select pg_advisory_xact_lock(${PURGE_LOCK})`;
        ready();
        await held;
      });
    });
  await proxy("slow", { answer: inHalves(1_200, locked), settings: {} });
  setTimeout(letGo, 1_700);
  expect(await letterOf(await get("slow/a"))).toBe("MISS 100000 a");
  const [kept] = await plane.service.sql<{ count: number }[]>`
    select count(*)::int from entries
    where space = (select 'g' || id from api_proxies where name = 'slow')`;
  expect(kept).toEqual({ count: 1 });
  await hold;
});
