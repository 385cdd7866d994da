/**
 * Instances, and clearing what is cached about them.
 *
 * @module
 */
import { expect } from "bun:test";
import { good, refused } from "../client.ts";
import { keyOf, type Stage, type Step } from "../step.ts";

const draft = ({ sourceId }: Pick<Stage, "sourceId">) => ({
  name: `orders of ${sourceId}`,
  db_type: "mysql",
  host: "db.example.com",
  port: 3_306,
});

/** The stage's instance. */
async function instanceOf({ client, sourceId }: Stage): Promise<number> {
  const { data } = good(await client.GET("/api/v1/instances"), 200);
  const { name } = draft({ sourceId });
  return data.items.find((one) => one.name === name)?.id ?? 0;
}

export const clearingSteps: readonly Step[] = [
  {
    title: "creates an instance, and is told that the name is taken",
    run: async (stage) => {
      const path = "/api/v1/instances";
      const created = await stage.client.POST(path, { body: draft(stage) });
      const again = await stage.client.POST(path, { body: draft(stage) });

      expect(good(created, 201).data.instance.is_active).toBe(true);
      expect(refused(again, 409).message_code).toBe("CONSTRAINT_VIOLATION");
    },
  },
  {
    title: "lists, reads and changes instances",
    run: async (stage) => {
      const { client } = stage;
      const instance_id = await instanceOf(stage);
      const params = { path: { instance_id } };
      const path = "/api/v1/instances/{instance_id}";

      const page = good(
        await client.GET("/api/v1/instances", {
          params: { query: { page: 1, limit: 5 } },
        }),
        200,
      );
      const read = good(await client.GET(path, { params }), 200);
      const changed = good(
        await client.PATCH(path, { params, body: { port: 3_307 } }),
        200,
      );

      expect(page.data.limit).toBe(5);
      expect(read.data.instance.port).toBe(3_306);
      expect(changed.data.instance.port).toBe(3_307);
    },
  },
  {
    title: "looks at the state of the cache",
    run: async ({ client, sourceId }) => {
      const stats = good(await client.GET("/api/v1/cache/stats"), 200);
      const rules = good(await client.GET("/api/v1/cache/classification/stats"), 200);

      expect(stats.data.stats.info.by_source[sourceId]?.entries).toBeNumber();
      expect(rules.data.db_type_stats.oracle.rules_cached).toBe(false);
    },
  },
  {
    title: "clears what is cached about an account, an instance, and all",
    run: async (stage) => {
      const { client } = stage;
      const instance_id = await instanceOf(stage);

      const user = good(
        await client.POST("/api/v1/cache/actions/clear-user", {
          body: { instance_id, username: "app_reader" },
        }),
        200,
      );
      const instance = good(
        await client.POST("/api/v1/cache/actions/clear-instance", {
          body: { instance_id },
        }),
        200,
      );
      const all = good(await client.POST("/api/v1/cache/actions/clear-all", {}), 200);

      expect([user.data.cleared_entries, instance.data.cleared_entries]).toEqual([0, 0]);
      expect(all.data.failed_instances).toEqual([]);
    },
  },
  {
    title: "clears classification rules, and is told of an unknown type",
    run: async ({ client }) => {
      const path = "/api/v1/cache/actions/clear-classification";
      const cleared = good(await client.POST(path, { body: { db_type: "mysql" } }), 200);
      const unknown = await client.POST(path, { body: { db_type: "mongo" } });

      expect(cleared.data.unreached_processes).toBe(0);
      const { message_code, context } = refused(unknown, 400);
      expect([message_code, context.errors?.[0]?.field]).toEqual([
        "VALIDATION_ERROR",
        "db_type",
      ]);
    },
  },
  {
    title: "purges a key, and is told that nothing was selected",
    run: async ({ client, sourceId }) => {
      const path = "/api/v1/cache/actions/purge";
      const purged = good(
        await client.POST(path, { body: { source_id: sourceId, key: keyOf("purged") } }),
        200,
      );
      const nothing = await client.POST(path, { body: {} });

      expect(purged.data.cleared_entries).toBe(0);
      expect(refused(nothing, 400).message_code).toBe("VALIDATION_ERROR");
    },
  },
  {
    title: "deletes the instance",
    run: async (stage) => {
      const instance_id = await instanceOf(stage);
      const deleted = await stage.client.DELETE("/api/v1/instances/{instance_id}", {
        params: { path: { instance_id } },
      });

      expect(good(deleted, 200).data.cleared_entries).toBe(0);
    },
  },
];
