/**
 * The gateway's projects in PostgreSQL.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Project } from "../../domain/api-proxy/api-proxy.ts";
import {
  ProjectExists,
  ProjectNotEmpty,
  ProjectNotFound,
} from "../../services/api-proxy/errors.ts";
import { ProjectStore } from "../../services/api-proxy/project-store.ts";
import { Database } from "./database.ts";

interface Row {
  readonly name: string;
  readonly description: string | null;
  readonly created_at: number;
}

export const layer = Layer.effect(
  ProjectStore,
  Effect.gen(function* () {
    const database = yield* Database;

    return ProjectStore.of({
      list: database.run("ProjectStore.list", async ({ sql }) => {
        const rows = await sql<Row[]>`select * from projects order by name`;
        return rows.map(toProject);
      }),

      insert: Effect.fnUntraced(function* (name, description) {
        const [row] = yield* database.run(
          "ProjectStore.insert",
          ({ sql }) => sql<Row[]>`
            insert into projects (name, description, created_at)
            values (${name}, ${description ?? null}, uc_now())
            on conflict (name) do nothing returning *`,
        );
        return row === undefined
          ? yield* new ProjectExists({ project: name })
          : toProject(row);
      }),

      remove: Effect.fnUntraced(function* (name) {
        // Locked, so that no proxy comes into it between the look and the deletion.
        const [found] = yield* database.run(
          "ProjectStore.remove",
          ({ sql }) => sql<{ name: string }[]>`
            select name from projects where name = ${name} for update`,
        );
        if (found === undefined) return yield* new ProjectNotFound({ project: name });
        const removed = yield* database.run(
          "ProjectStore.remove",
          ({ sql }) => sql`
            delete from projects where name = ${name}
              and not exists (select 1 from api_proxies where project_name = ${name})`,
        );
        if (removed.count === 0) return yield* new ProjectNotEmpty({ project: name });
      }),
    });
  }),
);

const toProject = ({ name, description, created_at }: Row): Project => ({
  name,
  description: description ?? undefined,
  createdAt: created_at,
});
