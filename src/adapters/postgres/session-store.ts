/**
 * Sessions in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Role } from "../../domain/access/permission.ts";
import {
  LONGEST_MILLIS,
  SEEN_STEP_MILLIS,
  type Session,
} from "../../domain/access/session.ts";
import { SessionStore } from "../../services/access/session-store.ts";
import { Database } from "./database.ts";

export const layer = Layer.effect(
  SessionStore,
  Effect.map(Database, (database) =>
    SessionStore.of({
      find: (hash) =>
        database.run("SessionStore.find", async ({ sql }) => {
          const [row] = await sql<Row[]>`
            select s.hash, s.created_at, s.seen_at, s.ends_at, u.id as user_id, u.username,
              u.role, u.is_active, u.created_at as user_created_at, u.updated_at
            from sessions s join users u on u.id = s.user_id where s.hash = ${hash}`;
          return row === undefined ? undefined : toSession(row);
        }),
      open: ({ hash, userId, passwordHash }) =>
        database.run("SessionStore.open", async ({ sql }) => {
          // Locked, and so looked at again once a change under way is committed.
          const opened = await sql`
            with still as (
              select id from users
              where id = ${userId} and password_hash = ${passwordHash} and is_active
              for share
            )
            insert into sessions (hash, user_id, created_at, seen_at, ends_at)
            select ${hash}, id, now, now, now + ${LONGEST_MILLIS}::bigint
            from still, (select uc_now() as now) clock
            returning user_id`;
          return opened.length === 1;
        }),
      note: (hash) =>
        database.run("SessionStore.note", async ({ sql }) => {
          await sql`
            update sessions set seen_at = uc_now()
            where hash = ${hash} and seen_at <= uc_now() - ${SEEN_STEP_MILLIS}::bigint`;
        }),
      end: (hash) =>
        database.run("SessionStore.end", async ({ sql }) => {
          const ended = await sql`delete from sessions where hash = ${hash}`;
          return ended.count;
        }),
      endAllOf: (userId, but) =>
        database.run("SessionStore.endAllOf", async ({ sql }) => {
          const others = but === undefined ? sql`` : sql`and hash <> ${but}`;
          // In one order, so that two who do this don't wait for each other in a circle.
          const ended = await sql`
            delete from sessions where hash in (
              select hash from sessions where user_id = ${userId} ${others}
              order by hash for update
            )`;
          return ended.count;
        }),
    }),
  ),
);

interface Row {
  readonly hash: Uint8Array;
  readonly created_at: number;
  readonly seen_at: number;
  readonly ends_at: number;
  readonly user_id: number;
  readonly username: string;
  readonly role: Role;
  readonly is_active: boolean;
  readonly user_created_at: number;
  readonly updated_at: number | null;
}

function toSession(row: Row): Session {
  return {
    hash: new Uint8Array(row.hash),
    createdAt: row.created_at,
    seenAt: row.seen_at,
    endsAt: row.ends_at,
    user: {
      id: row.user_id,
      username: row.username,
      role: row.role,
      isActive: row.is_active,
      createdAt: row.user_created_at,
      updatedAt: row.updated_at ?? undefined,
    },
  };
}
