/**
 * One trivial query tells whether PostgreSQL answers.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
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
