/**
 * Tokens in PostgreSQL.
 *
 * @module
 */
import { eq, sql as expression } from "drizzle-orm";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type TokenRecord, TokenStore } from "../../services/access/token-store.ts";
import { Database } from "./database.ts";
import { tokens } from "./schema-access.ts";

const now = expression<number>`uc_now()`;
const byId = expression`${tokens.id} collate "C"`;

export const layer = Layer.effect(
  TokenStore,
  Effect.gen(function* () {
    const database = yield* Database;
    return TokenStore.of({
      list: database.run("TokenStore.list", async ({ orm }) => {
        const rows = await orm.select().from(tokens);
        return rows.map(toToken);
      }),
      page: (after, limit) =>
        database.run("TokenStore.page", async ({ orm }) => {
          const rows = await orm
            .select()
            .from(tokens)
            .where(after === undefined ? undefined : expression`${byId} > ${after}`)
            .orderBy(byId)
            .limit(limit);
          return rows.map(toToken);
        }),
      add: (token) =>
        database.run("TokenStore.add", async ({ orm }) => {
          const [added] = await orm
            .insert(tokens)
            .values({ ...token, createdAt: now })
            .onConflictDoNothing()
            .returning();
          return added === undefined ? undefined : toToken(added);
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
      remove: (id) =>
        database.run("TokenStore.remove", async ({ orm }) => {
          const [removed] = await orm
            .delete(tokens)
            .where(eq(tokens.id, id))
            .returning({ name: tokens.name });
          return removed?.name;
        }),
      noteUses: (uses) =>
        database.run("TokenStore.noteUses", async ({ sql }) => {
          // In one order, so that two processes don't wait for each other in a circle.
          const ids = [...uses.keys()].toSorted();
          await sql`
            update tokens t set last_used_at = greatest(t.last_used_at, used.at)
            from (
              select t.id, u.at
              from unnest(${ids}::text[], ${ids.map((id) => uses.get(id) ?? 0)}::bigint[])
                as u (id, at)
              join tokens t on t.id = u.id order by t.id for update of t
            ) used
            where t.id = used.id`;
        }),
    });
  }),
);

function toToken(row: typeof tokens.$inferSelect): TokenRecord {
  const { sources, projects, expiresAt, lastUsedAt, ...token } = row;
  return {
    ...token,
    sources: sources ?? undefined,
    projects: projects ?? undefined,
    expiresAt: expiresAt ?? undefined,
    lastUsedAt: lastUsedAt ?? undefined,
  };
}
