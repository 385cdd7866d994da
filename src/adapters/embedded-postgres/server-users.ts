/**
 * Who uses the server: one file per use, holding the mark of its process. What a killed
 * process left is noticed by its mark, so it keeps no server alive.
 *
 * Call these while the folder is locked.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, markOf } from "./process-mark.ts";

/** Gives what `unregister()` takes. One process may register several times. */
export function register(home: string): string {
  const users = join(home, "users");
  mkdirSync(users, { recursive: true, mode: 0o700 });
  const user = join(users, `${process.pid}-${randomBytes(6).toString("hex")}`);
  writeFileSync(user, markOf(process.pid) ?? "", { mode: 0o600 });
  return user;
}

/** Safe to repeat. */
export function unregister(user: string): void {
  rmSync(user, { force: true });
}

/** Forgets the dead on the way. */
export function hasUsers(home: string): boolean {
  const users = join(home, "users");
  let living = 0;
  for (const name of readdirSync(users)) {
    const user = join(users, name);
    if (isAlive(readFileSync(user, "utf8"))) living++;
    else rmSync(user, { force: true });
  }
  return living > 0;
}
