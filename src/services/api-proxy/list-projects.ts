/**
 * Lists the projects that a caller may manage.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Caller } from "../../domain/access/caller.ts";
import { managesProject } from "../../domain/access/project-access.ts";
import { ProjectStore } from "./project-store.ts";

export const listProjects = Effect.fn("listProjects")(function* (caller: Caller) {
  const store = yield* ProjectStore;
  const projects = yield* store.list;
  return projects.filter(({ name }) => managesProject(caller, name));
});
