/**
 * Where the gateway's projects are kept.
 *
 * @module
 */
import * as Context from "effect/Context";
import type * as Effect from "effect/Effect";
import type { Project } from "../../domain/api-proxy/api-proxy.ts";
import type { ProjectExists, ProjectNotEmpty, ProjectNotFound } from "./errors.ts";
import type { StoreUnavailable } from "../errors.ts";

export class ProjectStore extends Context.Service<
  ProjectStore,
  {
    /** In byte order of their names. */
    readonly list: Effect.Effect<readonly Project[], StoreUnavailable>;
    readonly insert: (
      name: string,
      description: string | undefined,
    ) => Effect.Effect<Project, ProjectExists | StoreUnavailable>;
    readonly remove: (
      name: string,
    ) => Effect.Effect<void, ProjectNotFound | ProjectNotEmpty | StoreUnavailable>;
  }
>()("uni-cache/services/ProjectStore") {}
