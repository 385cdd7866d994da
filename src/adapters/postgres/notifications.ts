/**
 * PostgreSQL's NOTIFY: wakes other processes.
 *
 * A notification may be lost when the connection breaks; whoever listens is told about
 * each new connection and then looks for itself.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import postgres from "postgres";
import { type DatabaseAddress, toPostgresOptions } from "./address.ts";

/** The channels in use: change log, its acknowledgements, replaced entries, new work. */
export type Channel = "uc_changes" | "uc_acks" | "uc_entries" | "uc_tasks";

export class Notifications extends Context.Service<
  Notifications,
  {
    /** `heard` gets each payload; `connected` runs after each connection but the first. */
    readonly listen: (
      channel: Channel,
      heard: (payload: string) => void,
      connected?: () => void,
    ) => Effect.Effect<void>;
  }
>()("uni-cache/adapters/Notifications") {}

export function layer(address: DatabaseAddress) {
  return Layer.effect(
    Notifications,
    Effect.gen(function* () {
      const given = toPostgresOptions(address);
      const sql = yield* Effect.acquireRelease(
        Effect.sync(() =>
          postgres({
            ...given,
            max: 1,
            connect_timeout: 5,
            backoff: () => 0.2,
            onnotice: () => {},
            connection: { ...given.connection, application_name: "uni-cache listen" },
          }),
        ),
        (sql) => Effect.promise(() => sql.end({ timeout: 1 }).catch(() => {})),
      );
      return Notifications.of({
        listen: (channel, heard, connected = () => {}) =>
          Effect.promise(async () => {
            let first = true;
            await sql.listen(channel, heard, () => {
              if (!first) connected();
              first = false;
            });
          }),
      });
    }),
  );
}
