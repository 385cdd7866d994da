/**
 * Who may do what.
 *
 * @module
 */

export type Role = "admin" | "user" | "guest";

export type Permission = "view" | "update" | "admin";

/**
 * What a route asks of its caller; `login`: any valid credential; `manage`: role `admin`, or
 * the grant for the project that it is about.
 */
export type Needs = "nothing" | "login" | Permission | "manage";

/**
 * How a caller fares who is restricted to sources. `source`: the path names one, and others
 * don't exist. `narrowed`: the answer holds nothing of others. `refused`: it is about all
 * of the cluster. `allowed`: it is about no source.
 */
export type Restricted = "source" | "narrowed" | "refused" | "allowed";

const granted: Readonly<Record<Role, readonly Permission[]>> = {
  admin: ["view", "update", "admin"],
  user: ["view", "update"],
  guest: ["view"],
};

/** Whether `role` has what is needed; a grant may give more. */
export function permits(role: Role, needs: Needs): boolean {
  if (needs === "nothing" || needs === "login") return true;
  if (needs === "manage") return role === "admin";
  return granted[role].includes(needs);
}
