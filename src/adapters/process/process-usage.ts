/**
 * What the runtime tells of the process it runs.
 *
 * @module
 */
import * as Layer from "effect/Layer";
import { ProcessUsage } from "../../services/process-usage.ts";

export const layer = Layer.succeed(ProcessUsage, {
  look: () => {
    const { user, system } = process.cpuUsage();
    return {
      uptimeSeconds: process.uptime(),
      residentBytes: process.memoryUsage().rss,
      cpuSeconds: (user + system) / 1e6,
    };
  },
});
