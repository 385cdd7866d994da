/**
 * Secrets that are generated once and kept in a file only their owner can read.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/** The secret kept under `name`, or `undefined`. */
export function readSecret(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8").trim();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

export interface KeptSecret {
  readonly secret: string;
  /** It was made by this call. */
  readonly isNew: boolean;
}

/** The secret kept under `name`; of several processes that make it at once, all get the same. */
export function keepSecret(folder: string, name: string, make: () => string): KeptSecret {
  for (;;) {
    const kept = readSecret(folder, name);
    if (kept !== undefined) return { secret: kept, isNew: false };
    const secret = make();
    if (publish(folder, name, secret)) return { secret, isNew: true };
    // Another was quicker; by now its secret may be forgotten already.
  }
}

/** Gives whether there was none under `name`. */
function publish(folder: string, name: string, secret: string): boolean {
  mkdirSync(folder, { recursive: true });
  const aside = join(folder, `.${name}.${randomBytes(6).toString("hex")}`);
  writeFileSync(aside, `${secret}\n`, { mode: 0o600, flag: "wx" });
  chmodSync(aside, 0o600);
  try {
    // A link appears whole and never replaces what is there.
    linkSync(aside, join(folder, name));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

export function forgetSecret(folder: string, name: string): void {
  rmSync(join(folder, name), { force: true });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
