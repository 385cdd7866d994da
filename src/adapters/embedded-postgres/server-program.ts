/**
 * Starts one of PostgreSQL's programs: under the server's account, with an environment
 * that holds nothing of ours, and in a session of its own, so that Ctrl-C, which reaches
 * the whole group, does not interrupt it halfway.
 *
 * @module
 */
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { codeOf, EmbeddedPostgresFailed, failure } from "./embedded-postgres-failed.ts";
import { type ServerAccount } from "./server-account.ts";

export function startProgram(
  program: string,
  args: readonly string[],
  { account, stdio }: { account: ServerAccount | undefined; stdio: StdioOptions },
): ChildProcess {
  return spawn(program, args, {
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    cwd: "/",
    detached: true,
    env: { PATH: process.env["PATH"] ?? "", TZ: "UTC", LC_ALL: "C" },
    stdio,
  });
}

/** Where the program exists, "not found" means its loader: the system has no glibc. */
export function unstartable(program: string, error: unknown): EmbeddedPostgresFailed {
  if (codeOf(error) === "ENOENT" && existsSync(program)) {
    return new EmbeddedPostgresFailed(
      `Cannot start ${basename(program)}: it needs glibc, which this system does not have; set DATABASE_URL`,
      { cause: error },
    );
  }
  return failure(`start ${basename(program)}`, error);
}
