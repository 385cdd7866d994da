/**
 * The data plane while the store can't be reached.
 */
import { afterAll, expect, test } from "bun:test";
import { cuttable } from "../../support/cuttable.ts";
import { testDatabase } from "../../support/postgres.ts";
import { eventually } from "../../support/service.ts";
import { dataPlane } from "./data-plane-service.ts";
import { labelOf, numbered, readWhole, statusOf, told } from "./replies.ts";

const database = await testDatabase();
const wire = await cuttable(database);
const plane = await dataPlane({ worker: "off", address: { url: wire.url } });
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await wire[Symbol.asyncDispose]();
  await database.drop();
});
const { get } = readWhole(plane);

test("an answer that is under way when the store goes is given all the same, and says that it is not stored", async () => {
  let letGo = () => {};
  await plane.proxy("going", {
    answer: (_, response) => {
      letGo = () => void response.end("answer");
    },
    settings: {},
  });
  await plane.proxy("held", { answer: numbered(), settings: {} });
  await get("held/a");
  expect(labelOf(await get("held/a"))).toBe("HIT");

  const asked = get("going/a");
  await eventually(
    async () => plane.callsOf("/going/").length,
    (calls) => calls === 1,
  );
  await wire.cut();
  letGo();
  const answer = await asked;
  expect([answer.status, await told(answer)]).toEqual([200, "MISS answer"]);
  expect(statusOf(answer)).toContain('detail="the store is away"');

  // What is asked for after that is refused, and not made up.
  const miss = await get("held/b");
  expect(miss.status).toBe(503);
  expect(await miss.json()).toMatchObject({ error: "service_unavailable" });
  expect(plane.callsOf("/held/")).toHaveLength(1);

  await wire.mend();
  await eventually(
    () => get("held/a").then(told),
    (said) => said === "HIT call 1",
  );
});
