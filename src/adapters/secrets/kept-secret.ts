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
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The secret kept under `name`; of several processes that make it at once, all get the same. */
export function keepSecret(folder: string, name: string, make: () => string): string {
  const kept = readSecret(folder, name);
  if (kept !== undefined) return kept;
  mkdirSync(folder, { recursive: true });
  const aside = join(folder, `.${name}.${randomBytes(6).toString("hex")}`);
  writeFileSync(aside, `${make()}\n`, { mode: 0o600, flag: "wx" });
  chmodSync(aside, 0o600);
  try {
    // A link appears whole and never replaces what is there.
    linkSync(aside, join(folder, name));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST"))
      throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return readFileSync(join(folder, name), "utf8").trim();
}

export function forgetSecret(folder: string, name: string): void {
  rmSync(join(folder, name), { force: true });
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
