/**
 * Secrets that are generated once and kept in a file only their owner can read.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
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
  try {
    writeWhole(aside, `${secret}\n`);
    // A link appears whole and never replaces what is there.
    linkSync(aside, join(folder, name));
    flush(openSync(folder, "r"));
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** A power cut must not take a secret away that something is stored by already. */
function writeWhole(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  fchmodSync(file, 0o600);
  writeFileSync(file, text);
  flush(file);
}

function flush(handle: number): void {
  fsyncSync(handle);
  closeSync(handle);
}

export function forgetSecret(folder: string, name: string): void {
  rmSync(join(folder, name), { force: true });
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
