/**
 * Who may manage what of the gateway.
 *
 * A token of any role manages the projects that it is granted. Role `admin` manages all,
 * but for a token that is restricted to sources: that one needs the grant too, for a
 * project may be about any source.
 *
 * Source: contract §2, §7; seed 003 ("Permissions").
 *
 * @module
 */
import type { Caller } from "./caller.ts";
import { type Needs, permits } from "./permission.ts";

/** As a grant of a token says it. */
export const MANAGE_GRANT = "API_MANAGEMENT:MANAGE";

type Reach = Pick<Caller, "role" | "sources" | "projects">;

/** Whether `caller` has what a route needs that is about that project, or about none. */
export function mayDo(
  caller: Reach,
  needs: Needs,
  projectName: string | undefined,
): boolean {
  if (needs !== "manage") return permits(caller.role, needs);
  return projectName === undefined
    ? managesSomething(caller)
    : managesProject(caller, projectName);
}

/** Whether `caller` may manage the project of that name, which there may not be. */
export function managesProject(caller: Reach, projectName: string): boolean {
  return managesAll(caller) || granted(caller).includes(projectName);
}

/** Whether there may be a project that `caller` may manage. */
export function managesSomething(caller: Reach): boolean {
  return managesAll(caller) || granted(caller).length > 0;
}

/** Whether `caller` may give an API proxy that source as its upstream. */
export function mayAttach({ role, sources }: Reach, sourceId: string): boolean {
  return sources === undefined ? role === "admin" : sources.includes(sourceId);
}

const managesAll = ({ role, sources }: Reach) =>
  role === "admin" && sources === undefined;

const granted = ({ projects = [] }: Reach): readonly string[] =>
  projects
    .filter(({ permissions }) => permissions.includes(MANAGE_GRANT))
    .map(({ name }) => name);
