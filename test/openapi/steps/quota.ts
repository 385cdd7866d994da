/**
 * What is left of a source's calls.
 *
 * @module
 */
import { expect } from "bun:test";
import { good, refused } from "../client.ts";
import type { Step } from "../step.ts";

const path = "/api/v1/rate-limit/{source_id}";

export const quotaSteps: readonly Step[] = [
  {
    title: "looks at the budget",
    run: async ({ client, sourceId }) => {
      const params = { path: { source_id: sourceId } };
      const budget = good(await client.GET(path, { params }), 200);

      expect(budget.per_minute).toBe(10_000);
      expect(budget.remaining).toBeLessThan(10_000);
      expect(budget.windows.map(({ window_s }) => window_s)).toEqual([60]);
    },
  },
  {
    title: "looks at the budget of a source that is not there",
    run: async ({ client }) => {
      const params = { path: { source_id: "nowhere" } };
      const answer = await client.GET(path, { params });

      expect(refused(answer, 404).code).toBe("SOURCE_NOT_FOUND");
    },
  },
];
