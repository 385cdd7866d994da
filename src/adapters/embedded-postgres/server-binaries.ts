/**
 * The PostgreSQL programs, from the optional package for this platform.
 *
 * The package comes without the symbolic links its libraries need and makes them in an
 * install script, which Bun does not run; so they are made here.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { attempt, codeOf, EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts";
import { canReach, type ServerAccount } from "./server-account.ts";

export interface ServerBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The programs at a place where `account` can run them: if need be, a copy in `home`. */
export function serverBinaries(
  home: string,
  account: ServerAccount | undefined,
): ServerBinaries {
  const installed = installedFolder();
  const folder =
    account === undefined || canReach(account, installed)
      ? installed
      : attempt("copy the PostgreSQL programs", () => copyTo(home, installed));
  return {
    initdb: join(folder, "bin", "initdb"),
    postgres: join(folder, "bin", "postgres"),
  };
}

function installedFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const folder = join(packageFolder(name), "native");
  attempt(`link the libraries of ${name}`, () => linkLibraries(folder));
  return folder;
}

function packageFolder(name: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new EmbeddedPostgresFailed(
      `Cannot start PostgreSQL: the package ${name} is not installed or not made for this platform; set DATABASE_URL`,
      { cause: error },
    );
  }
}

function linkLibraries(folder: string): void {
  const list = join(folder, "pg-symlinks.json");
  if (!existsSync(list)) return;
  // Safe because the file belongs to the package, whose version is locked.
  const links = JSON.parse(readFileSync(list, "utf8")) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const path = join(dirname(folder), target);
    if (!existsSync(path)) link(basename(source), path);
  }
}

function link(target: string, path: string): void {
  try {
    symlinkSync(target, path);
  } catch (error) {
    // Two processes may start at once.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** One copy per version; those of other versions go, for no server runs while one is made. */
function copyTo(home: string, installed: string): string {
  const { version } = JSON.parse(
    readFileSync(join(dirname(installed), "package.json"), "utf8"),
  ) as { version: string };
  const copy = join(home, `programs-${version}`);
  if (existsSync(copy)) return copy;

  for (const name of readdirSync(home)) {
    if (name.startsWith("programs-")) rmSync(join(home, name), { recursive: true });
  }
  const unfinished = `${copy}.${randomBytes(6).toString("hex")}`;
  const umask = process.umask(0o022);
  try {
    cpSync(installed, unfinished, { recursive: true, verbatimSymlinks: true });
  } finally {
    process.umask(umask);
  }
  renameSync(unfinished, copy);
  return copy;
}
