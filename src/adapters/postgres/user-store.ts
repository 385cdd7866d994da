/**
 * Users in PostgreSQL.
 *
 * @module
 */
import { and, asc, eq, gt, sql as expression } from "drizzle-orm";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type StoredUser, UserStore } from "../../services/access/user-store.ts";
import { Database } from "./database.ts";
import { users } from "./schema-access.ts";

const now = expression<number>`uc_now()`;

export const layer = Layer.effect(
  UserStore,
  Effect.map(Database, (database) =>
    UserStore.of({
      page: (after = 0, limit) =>
        database.run("UserStore.page", async ({ orm }) => {
          const rows = await orm
            .select()
            .from(users)
            .where(gt(users.id, after))
            .orderBy(asc(users.id))
            .limit(limit);
          return rows.map(toUser);
        }),
      find: (id) =>
        database.run("UserStore.find", async ({ orm }) => {
          const [row] = await orm.select().from(users).where(eq(users.id, id));
          return row === undefined ? undefined : toUser(row);
        }),
      findByName: (username) =>
        database.run("UserStore.findByName", async ({ orm }) => {
          const [row] = await orm
            .select()
            .from(users)
            .where(eq(users.username, username));
          return row === undefined ? undefined : toUser(row);
        }),
      add: (draft) =>
        database.run("UserStore.add", async ({ orm }) => {
          const [row] = await orm
            .insert(users)
            .values({ ...draft, createdAt: now })
            .onConflictDoNothing()
            .returning();
          return row === undefined ? undefined : toUser(row);
        }),
      lock: (id) =>
        database.run("UserStore.lock", async ({ orm }) => {
          const [row] = await orm
            .select()
            .from(users)
            .where(eq(users.id, id))
            .for("update");
          return row === undefined ? undefined : toUser(row);
        }),
      // In one order, so that two who do this don't wait for each other in a circle.
      lockAdmins: database.run("UserStore.lockAdmins", async ({ orm }) => {
        const rows = await orm
          .select({ id: users.id })
          .from(users)
          .where(and(eq(users.role, "admin"), eq(users.isActive, true)))
          .orderBy(asc(users.id))
          .for("update");
        return rows.map(({ id }) => id);
      }),
      update: (id, { role, isActive, passwordHash }) =>
        database.run("UserStore.update", async ({ orm }) => {
          const [row] = await orm
            .update(users)
            .set({
              ...(role === undefined ? {} : { role }),
              ...(isActive === undefined ? {} : { isActive }),
              ...(passwordHash === undefined ? {} : { passwordHash }),
              updatedAt: now,
            })
            .where(eq(users.id, id))
            .returning();
          if (row === undefined) throw new Error("Expected a user whose row was taken");
          return toUser(row);
        }),
      remove: (id) =>
        database.run("UserStore.remove", async ({ orm }) => {
          await orm.delete(users).where(eq(users.id, id));
        }),
      rehash: (id, from, to) =>
        database.run("UserStore.rehash", async ({ orm }) => {
          await orm
            .update(users)
            .set({ passwordHash: to })
            .where(and(eq(users.id, id), eq(users.passwordHash, from)));
        }),
    }),
  ),
);

function toUser({ updatedAt, ...user }: typeof users.$inferSelect): StoredUser {
  return { ...user, updatedAt: updatedAt ?? undefined };
}
