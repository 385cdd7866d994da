/**
 * Health and information.
 *
 * @module
 */
import { expect } from "bun:test";
import { adminToken } from "../../end-to-end/client.ts";
import { good } from "../client.ts";
import type { Step } from "../step.ts";

export const serviceSteps: readonly Step[] = [
  {
    title: "finds the service alive and ready",
    run: async ({ client }) => {
      const alive = good(await client.GET("/api/v1/healthz"), 200);
      const ready = good(await client.GET("/api/v1/readyz"), 200);

      expect([alive.status, ready.status]).toEqual(["ok", "ready"]);
    },
  },
  {
    title: "asks what runs there",
    run: async ({ client }) => {
      const info = good(await client.GET("/api/v1/info"), 200);

      expect(info.name).toBe("uni-cache");
      expect(info.config.worker).toBe("inline");
    },
  },
  {
    title: "is known by X-API-Key too",
    run: async ({ client }) => {
      const headers = { authorization: null, "x-api-key": adminToken };

      good(await client.GET("/api/v1/info", { headers }), 200);
    },
  },
  {
    title: "reads the metrics, for people and for Prometheus",
    run: async ({ client }) => {
      const metrics = good(await client.GET("/api/v1/metrics"), 200);
      const text = good(await client.GET("/metrics", { parseAs: "text" }), 200);

      expect(metrics.jobs.running).toBeGreaterThanOrEqual(0);
      expect(text).toContain("# TYPE uni_cache_");
    },
  },
];
