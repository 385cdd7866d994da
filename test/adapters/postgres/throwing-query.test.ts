import { expect, test } from "bun:test";
import { Effect, Exit } from "effect";
import { Database } from "../../../src/adapters/postgres/database.ts";
import { patientPool } from "./patient-pool.ts";
import { testStore } from "./test-store.ts";

test("a query that throws before it is sent keeps no place from others", async () => {
  await using store = await testStore();
  const throwing = Database.use(({ run }) =>
    run("throwing", () => {
      throw new Error("Cannot write the query");
    }),
  );

  for (let at = 0; at <= patientPool.connections; at++) {
    expect(Exit.isFailure(await store.run(Effect.exit(throwing)))).toBe(true);
  }

  const one = Database.use(({ run }) => run("one", ({ sql }) => sql`select 1`));
  expect(await store.run(one)).toHaveLength(1);
});
