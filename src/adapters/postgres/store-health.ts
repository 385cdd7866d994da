/**
 * One trivial query tells whether PostgreSQL answers.
 *
 * @module
 */
import { Effect, Layer } from "effect";
import { StoreHealth } from "../../services/store-health.ts";
import { Database } from "./database.ts";

export const layer = Layer.effect(
  StoreHealth,
  Effect.map(Database, ({ run }) =>
    StoreHealth.of({
      answers: run("StoreHealth.answers", ({ sql }) => sql`select 1`).pipe(Effect.asVoid),
    }),
  ),
);
