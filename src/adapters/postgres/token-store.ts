/**
 * Tokens and users in PostgreSQL.
 *
 * @module
 */
import { eq, sql as expression } from "drizzle-orm";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type StoredToken, TokenStore } from "../../services/access/token-store.ts";
import { Database } from "./database.ts";
import { tokens, users } from "./schema.ts";

const now = expression<number>`uc_now()`;

export const layer = Layer.effect(
  TokenStore,
  Effect.gen(function* () {
    const database = yield* Database;
    return TokenStore.of({
      list: database.run("TokenStore.list", async ({ orm }) => {
        const rows = await orm.select().from(tokens);
        return rows.map(toToken);
      }),
      add: (token) =>
        database.run("TokenStore.add", async ({ orm }) => {
          const added = await orm
            .insert(tokens)
            .values({ ...token, createdAt: now })
            .onConflictDoNothing()
            .returning({ id: tokens.id });
          return added.length === 1;
        }),
      replace: (token) =>
        database.run("TokenStore.replace", async ({ orm }) => {
          const { name, role, hash } = token;
          const replaced = await orm
            .insert(tokens)
            .values({ ...token, createdAt: now })
            .onConflictDoUpdate({
              target: tokens.id,
              set: { name, role, hash, createdAt: now },
              setWhere: expression`${tokens.hash} <> ${hash}`,
            })
            .returning({ id: tokens.id });
          return replaced.length === 1;
        }),
      addUser: (user) =>
        database.run("TokenStore.addUser", async ({ orm }) => {
          await orm
            .insert(users)
            .values({ ...user, isActive: true, createdAt: now })
            .onConflictDoNothing();
        }),
      hasUser: (username) =>
        database.run("TokenStore.hasUser", async ({ orm }) => {
          const found = await orm
            .select({ id: users.id })
            .from(users)
            .where(eq(users.username, username));
          return found.length === 1;
        }),
    });
  }),
);

function toToken(row: typeof tokens.$inferSelect): StoredToken {
  const { id, name, role, hash } = row;
  return {
    id,
    name,
    role,
    hash,
    sources: row.sources ?? undefined,
    projects: row.projects ?? undefined,
    expiresAt: row.expiresAt ?? undefined,
  };
}
