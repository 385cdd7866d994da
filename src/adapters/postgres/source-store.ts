/**
 * Sources in PostgreSQL.
 *
 * Default headers and query are one sealed text, bound to the source's id.
 *
 * @module
 */
import { asc, eq, sql as expression } from "drizzle-orm";
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Source, SourceSettings } from "../../domain/source/source.ts";
import { SourceExists, SourceNotFound } from "../../services/errors.ts";
import { SecretBox } from "../../services/source/secret-box.ts";
import { SourceStore } from "../../services/source/source-store.ts";
import { Database } from "./database.ts";
import { sources } from "./schema.ts";

type Row = typeof sources.$inferSelect;

export const layer = Layer.effect(
  SourceStore,
  Effect.gen(function* () {
    const database = yield* Database;
    const box = yield* SecretBox;
    yield* refuseForeignKey(box.keyId);

    const toSource = (row: Row): Source => {
      const { sealed, keyId, staleWhileRevalidateMillis, ...rest } = row;
      const text = box.open({ keyId, bytes: sealed }, secretContext(row.id));
      if (text === undefined) throw new Error(`Cannot open the secrets of "${row.id}"`);
      const secrets: SealedSettings = JSON.parse(text);
      return {
        ...rest,
        ...secrets,
        staleWhileRevalidateMillis: staleWhileRevalidateMillis ?? undefined,
      };
    };

    const toColumns = (id: string, settings: SourceSettings) => {
      const { defaultHeaders, defaultQuery, staleWhileRevalidateMillis, ...rest } =
        settings;
      const secrets: SealedSettings = { defaultHeaders, defaultQuery };
      const { keyId, bytes } = box.seal(JSON.stringify(secrets), secretContext(id));
      return {
        ...rest,
        staleWhileRevalidateMillis: staleWhileRevalidateMillis ?? null,
        sealed: bytes,
        keyId,
      };
    };

    const now = database.run("SourceStore.now", async ({ sql }) => {
      const [row] = await sql<{ now: number }[]>`select uc_now() as now`;
      return row?.now ?? 0;
    });

    return SourceStore.of({
      list: database
        .run("SourceStore.list", ({ orm }) =>
          orm.select().from(sources).orderBy(asc(sources.id)),
        )
        .pipe(Effect.map((rows) => rows.map(toSource))),

      find: (id) =>
        database
          .run("SourceStore.find", ({ orm }) =>
            orm.select().from(sources).where(eq(sources.id, id)),
          )
          .pipe(Effect.map(([row]) => (row === undefined ? undefined : toSource(row)))),

      lock: Effect.fnUntraced(function* (id) {
        const [row] = yield* database.run("SourceStore.lock", ({ orm }) =>
          orm.select().from(sources).where(eq(sources.id, id)).for("update"),
        );
        if (row === undefined) return yield* new SourceNotFound({ sourceId: id });
        return toSource(row);
      }),

      insert: Effect.fnUntraced(function* (id, epoch, settings) {
        const at = yield* now;
        const [row] = yield* database.run("SourceStore.insert", ({ orm }) =>
          orm
            .insert(sources)
            .values({
              id,
              epoch,
              ...toColumns(id, settings),
              createdAt: at,
              updatedAt: at,
            })
            .onConflictDoNothing()
            .returning(),
        );
        if (row === undefined) return yield* new SourceExists({ sourceId: id });
        return toSource(row);
      }),

      update: Effect.fnUntraced(function* (id, epoch, settings) {
        // Claims tell definitions apart by it, however quick they come or clocks step back.
        const updatedAt = expression`greatest(uc_now(), ${sources.updatedAt} + 1)`;
        const [row] = yield* database.run("SourceStore.update", ({ orm }) =>
          orm
            .update(sources)
            .set({ ...toColumns(id, settings), epoch, updatedAt })
            .where(eq(sources.id, id))
            .returning(),
        );
        if (row === undefined) return yield* new SourceNotFound({ sourceId: id });
        return toSource(row);
      }),

      remove: (id) =>
        database.run("SourceStore.remove", async ({ orm }) => {
          await orm.delete(sources).where(eq(sources.id, id));
        }),

      newEpoch: database.run("SourceStore.newEpoch", async ({ sql }) => {
        const [row] = await sql<{ epoch: number }[]>`
          select nextval('source_epochs') as epoch`;
        return row?.epoch ?? 0;
      }),

      retain: (id, epoch, { origin, keyCase }) =>
        database.run("SourceStore.retain", async ({ sql }) => {
          await sql`
            insert into retained_spaces (source_id, epoch, origin, key_case, retained_at)
            values (${id}, ${epoch}, ${origin}, ${keyCase}, uc_now())`;
        }),

      takeRetained: (id) =>
        database.run("SourceStore.takeRetained", async ({ sql }) => {
          const [row] = await sql<{ epoch: number; origin: string }[]>`
            delete from retained_spaces where source_id = ${id} returning epoch, origin`;
          return row;
        }),
    });
  }),
);

type SealedSettings = Pick<SourceSettings, "defaultHeaders" | "defaultQuery">;

const secretContext = (id: string) => `source ${id}`;

/** A key that can't open what is stored must stop the start, before anything is sealed anew. */
export class ForeignSecretKey extends Data.TaggedError("ForeignSecretKey")<{
  readonly sources: number;
}> {
  override get message() {
    return `Cannot start: UC_SECRET_KEY is not the key that the secrets of ${this.sources} stored sources were sealed with`;
  }
}

const refuseForeignKey = Effect.fnUntraced(function* (keyId: string) {
  const database = yield* Database;
  const sources = yield* database.run("SourceStore.refuseForeignKey", async ({ sql }) => {
    const [row] = await sql<{ count: number }[]>`
      select count(*) as count from sources where key_id <> ${keyId}`;
    return row?.count ?? 0;
  });
  if (sources > 0) return yield* new ForeignSecretKey({ sources });
});
