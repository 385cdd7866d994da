/**
 * The folder of the server's Unix socket. Only the server's account (and root) may enter
 * it: that is the whole access control of the embedded database.
 *
 * It lies inside the data directory, unless the socket's path would exceed what the
 * system takes (about 104 bytes). Then it is a folder with an unpredictable name among
 * the temporary ones, remembered in `<home>/socket`.
 *
 * @module
 */
import { lstatSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt, EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts";
import { type DataFolder } from "./data-folder.ts";
import { canReach, makePrivateFolder } from "./server-account.ts";

const LONGEST_BYTES = 85;

/** Call it while the folder is locked. */
export function socketFolder(folder: DataFolder): string {
  const inside = join(folder.data, "run");
  if (Buffer.byteLength(inside) <= LONGEST_BYTES) return inside;
  return attempt("make a folder for the database's socket", () => {
    const record = join(folder.home, "socket");
    const before = readRecord(record);
    if (before !== undefined && isPrivate(before, folder)) return before;
    const fresh = mkdtempSync(join(temporaryFolder(folder), "uni-cache-"));
    makePrivateFolder(fresh, folder.account);
    writeFileSync(record, fresh, { mode: 0o600 });
    return fresh;
  });
}

/** Whether `path` is a folder, not a link to one, that only the server's account may enter. */
export function isPrivate(path: string, { account }: DataFolder): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return false;
  const uid = account?.uid ?? process.getuid?.();
  return (uid === undefined || stats.uid === uid) && (stats.mode & 0o077) === 0;
}

function readRecord(record: string): string | undefined {
  try {
    return readFileSync(record, "utf8");
  } catch {
    return undefined;
  }
}

function temporaryFolder({ account }: DataFolder): string {
  const found = [tmpdir(), "/tmp"].find(
    (path) =>
      Buffer.byteLength(path) <= LONGEST_BYTES - "/uni-cache-123456".length &&
      (account === undefined || canReach(account, path)),
  );
  if (found !== undefined) return found;
  throw new EmbeddedPostgresFailed(
    "Cannot make a folder for the database's socket: the path of the data folder is too long; set UC_DATA_DIR to a shorter one",
  );
}
