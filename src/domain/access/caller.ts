/**
 * Who is calling, and how far that caller may reach.
 *
 * @module
 */
import type { Role } from "./permission.ts";

/** What a token may do within one project of the gateway. */
export interface ProjectGrant {
  readonly name: string;
  readonly permissions: readonly string[];
}

export interface Caller {
  readonly by: "token" | "session";
  /** Of the token, or of the user who is logged in. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** The only sources it may touch; `undefined`: any. */
  readonly sources: readonly string[] | undefined;
  readonly projects: readonly ProjectGrant[] | undefined;
}

/** Names the caller where several kinds of them are kept together: `token:…`, `user:…`. */
export function callerName({ by, id }: Caller): string {
  return `${by === "token" ? "token" : "user"}:${id}`;
}

/** Whether the source exists for `caller`. */
export function seesSource({ sources }: Reach, sourceId: string): boolean {
  return sources === undefined || sources.includes(sourceId);
}

/** Whether `caller` may do what is about all sources at once. */
export function seesAllSources({ sources }: Reach): boolean {
  return sources === undefined;
}

type Reach = Pick<Caller, "sources">;
