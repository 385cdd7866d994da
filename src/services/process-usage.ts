/**
 * What this process takes of its machine.
 *
 * @module
 */
import * as Context from "effect/Context";

export interface Usage {
  readonly uptimeSeconds: number;
  readonly residentBytes: number;
  /** Time on a processor since the process began, in user and in system mode together. */
  readonly cpuSeconds: number;
}

export class ProcessUsage extends Context.Service<
  ProcessUsage,
  {
    readonly look: () => Usage;
  }
>()("uni-cache/services/ProcessUsage") {}
