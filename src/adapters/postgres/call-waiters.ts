/**
 * Who waits for the next call of a source, one row each.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { CallWaiters } from "../../services/quota/call-waiters.ts";
import { Database } from "./database.ts";
import type { Connection } from "./pool.ts";

export const layer = Layer.effect(
  CallWaiters,
  Effect.map(Database, (database) =>
    CallWaiters.of({
      enter: (ids, sourceId, millis) =>
        database.run("CallWaiters.enter", async ({ sql }) => {
          // A process that was killed has left its rows behind.
          await sql`
            with gone as (
              delete from call_waiters where id = any(array(
                select id from call_waiters
                where source_id = ${sourceId} and until < uc_now() for update skip locked
              ))
            )
            insert into call_waiters (id, source_id, until)
            select id, ${sourceId}, uc_now() + ${Math.ceil(millis)}::bigint
            from unnest(${ids as string[]}::text[]) as w (id)`;
        }),

      leave: (ids) =>
        database.run("CallWaiters.leave", async ({ sql }) => {
          await sql`delete from call_waiters where id = any(${ids as string[]})`;
        }),
    }),
  ),
);

/** How many of a source's free calls are left to those who wait. */
export const callsAwaited = (sql: Connection["sql"], sourceId: string) => sql`
  (select count(*) from call_waiters where source_id = ${sourceId} and until > uc_now())`;
