/**
 * Makes the data directory.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { type DataFolder } from "./data-folder.ts";
import { failure } from "./embedded-postgres-failed.ts";
import { makePrivateFolder, type ServerAccount } from "./server-account.ts";
import { startProgram, unstartable } from "./server-program.ts";

const INITDB_OPTIONS = [
  "--username=unicache",
  "--auth=trust",
  "--encoding=UTF8",
  "--locale=C",
  "--no-instructions",
];

/**
 * Makes the data directory aside and publishes it in one step, so that a process killed
 * on the way leaves nothing that looks finished. Call it while the folder is locked.
 */
export async function initialise(
  folder: DataFolder,
  initdb: string,
  { durable }: { readonly durable: boolean },
): Promise<void> {
  removeUnfinished(folder.home);
  if (existsSync(folder.data)) return;
  const unfinished = join(folder.home, `initdb-${randomBytes(6).toString("hex")}`);
  makePrivateFolder(unfinished, folder.account);
  await runInitdb(initdb, durable ? [] : ["--no-sync"], unfinished, folder.account);
  makePrivateFolder(join(unfinished, "run"), folder.account);
  renameSync(unfinished, folder.data);
  flush(folder.home);
}

function runInitdb(
  initdb: string,
  options: readonly string[],
  folder: string,
  account: ServerAccount | undefined,
): Promise<void> {
  const child = startProgram(initdb, [...INITDB_OPTIONS, ...options, "-D", folder], {
    account,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr?.on("data", (chunk: unknown) => (complaint += String(chunk)));
  return new Promise((done, fail) => {
    child.on("error", (error) => fail(unstartable(initdb, error)));
    child.on("close", (code) => {
      if (code === 0) return done();
      rmSync(folder, { recursive: true, force: true });
      fail(failure("make a database", complaint.trim() || `initdb exited with ${code}`));
    });
  });
}

/** What a killed starter left behind. */
function removeUnfinished(home: string): void {
  for (const name of readdirSync(home)) {
    if (!name.startsWith("initdb-")) continue;
    try {
      rmSync(join(home, name), { recursive: true, force: true });
    } catch {
      // An orphaned initdb still writes there; the next start removes it.
    }
  }
}

/** A power cut must not undo the publishing of a database that has stored something. */
function flush(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
