/**
 * Many entries at once, and what is known of one.
 *
 * @module
 */
import { expect } from "bun:test";
import { until } from "../../end-to-end/client.ts";
import { json } from "../../support/counting-upstream.ts";
import { good, refused } from "../client.ts";
import { keyOf, type Step } from "../step.ts";

const list = "/api/v1/cache/{source_id}/list";
const batchGet = "/api/v1/cache/{source_id}/batch-get";
const meta = "/api/v1/cache/{source_id}/{key}/meta";

export const entriesSteps: readonly Step[] = [
  {
    title: "prefetches keys, by spelling and by params",
    run: async ({ client, upstream, sourceId }) => {
      upstream.answer(json({ many: true }));
      const path = { source_id: sourceId };
      const prefetched = good(
        await client.POST("/api/v1/cache/{source_id}/prefetch", {
          params: { path },
          body: { keys: [keyOf("many-1"), { name: "many-2" }], priority: "high" },
        }),
        202,
      );

      expect(prefetched.results.map(({ key }) => key)).toEqual([
        keyOf("many-1"),
        keyOf("many-2"),
      ]);
      await until(
        async () => {
          const query = { prefix: keyOf("many-") };
          return good(await client.GET(list, { params: { path, query } }), 200);
        },
        ({ items }) => items.length === 2,
      );
    },
  },
  {
    title: "pages through the keys",
    run: async ({ client, sourceId }) => {
      const path = { source_id: sourceId };
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const query = {
          prefix: keyOf("many-"),
          limit: 1,
          ...(cursor === undefined ? {} : { cursor }),
        };
        const page = good(await client.GET(list, { params: { path, query } }), 200);
        seen.push(...page.items.map(({ key }) => key));
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);

      expect(seen).toEqual([keyOf("many-1"), keyOf("many-2")]);
    },
  },
  {
    title: "is told that a cursor is of another list",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId }, query: { cursor: "made-up" } };
      const answer = await client.GET(list, { params });

      expect(refused(answer, 422).errors?.map(({ field }) => field)).toEqual(["cursor"]);
    },
  },
  {
    title: "reads many at once, what is there and what is not",
    run: async ({ client, sourceId }) => {
      const batch = good(
        await client.POST(batchGet, {
          params: { path: { source_id: sourceId }, header: { "x-uc-cache-only": "1" } },
          body: { keys: [keyOf("many-1"), { name: "many-2" }, keyOf("many-none")] },
        }),
        200,
      );

      expect(batch.items.map(({ hit }) => hit)).toEqual([true, true, false]);
      const [first, , last] = batch.items;
      if (first?.hit !== true) throw new Error("Expected an entry");
      expect([first.data, first.meta.source_id]).toEqual([{ many: true }, sourceId]);
      // The generated types leave out what is never anything but null.
      expect(last).toMatchObject({ data: null, meta: { stale: null } });
    },
  },
  {
    title: "is told which of many keys is wrong",
    run: async ({ client, sourceId }) => {
      const answer = await client.POST(batchGet, {
        params: { path: { source_id: sourceId } },
        body: { keys: [keyOf("many-1"), "/elsewhere"] },
      });

      expect(refused(answer, 422).errors?.map(({ field }) => field)).toEqual(["keys[1]"]);
    },
  },
  {
    title: "is told that its body is too large",
    run: async ({ client, sourceId }) => {
      const answer = await client.POST(batchGet, {
        params: { path: { source_id: sourceId } },
        body: { keys: Array.from({ length: 1_000 }, () => keyOf("x".repeat(1_100))) },
      });

      expect(refused(answer, 413).code).toBe("BODY_TOO_LARGE");
    },
  },
  {
    title: "reads what is known of an entry",
    run: async ({ client, sourceId }) => {
      const ask = (key: string) =>
        client.GET(meta, { params: { path: { source_id: sourceId, key } } });

      const known = good(await ask(keyOf("many-1")), 200);
      expect([known.key, known.stale, known.bytes]).toEqual([keyOf("many-1"), false, 13]);
      expect(refused(await ask(keyOf("many-none")), 404).code).toBe("ENTRY_NOT_FOUND");
    },
  },
];
