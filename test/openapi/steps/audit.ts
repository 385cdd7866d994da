/**
 * The audit trail: who did what the steps before it did.
 *
 * @module
 */
import { expect } from "bun:test";
import { good } from "../client.ts";
import type { Step } from "../step.ts";

export const auditSteps: readonly Step[] = [
  {
    title: "finds who made the source",
    run: async ({ client, sourceId }) => {
      const query = {
        action: "source.create",
        actor: "token:bootstrap",
        from: "2026-01-01T00:00:00Z",
      } as const;

      const { items } = good(
        await client.GET("/api/v1/audit", { params: { query } }),
        200,
      );

      const made = items.filter(({ target }) => target === sourceId);
      expect(made.map(({ actor_name }) => actor_name)).toEqual(["bootstrap admin"]);
    },
  },
  {
    title: "goes through the trail a page at a time",
    run: async ({ client }) => {
      const pageOf = async (cursor?: string) => {
        const query = { limit: 1, ...(cursor === undefined ? {} : { cursor }) };
        return good(await client.GET("/api/v1/audit", { params: { query } }), 200);
      };
      const first = await pageOf();

      const second = await pageOf(first.next_cursor ?? "");

      expect((second.items[0]?.at ?? "") <= (first.items[0]?.at ?? "")).toBe(true);
      expect(second.items[0]?.id).not.toBe(first.items[0]?.id);
    },
  },
];
