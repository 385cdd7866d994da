/**
 * Who may do what.
 *
 * @module
 */

export type Role = "admin" | "user" | "guest";

export type Permission = "view" | "update" | "admin";

/** What a route asks of its caller; `login`: any valid credential. */
export type Needs = "nothing" | "login" | Permission;

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

/** Whether `role` has what is needed. */
export function permits(role: Role, needs: Needs): boolean {
  if (needs === "nothing" || needs === "login") return true;
  return granted[role].includes(needs);
}
