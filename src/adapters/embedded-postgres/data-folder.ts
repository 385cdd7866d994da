/**
 * The folder a data directory lives in, and how both come to be.
 *
 * ```text
 * <home>/data          PostgreSQL's own, 0700
 * <home>/postgres.log  emptied at a start that finds it too long
 * <home>/users/        one file per process that uses the server
 * <home>/lock          held while somebody joins or leaves
 * <home>/socket        where the socket is, if its path would be too long inside `data`
 * ```
 *
 * @module
 */
import { chmodSync, existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { attempt, codeOf, EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts";
import {
  accountForRoot,
  canReach,
  serverAccount,
  type ServerAccount,
} from "./server-account.ts";

export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly home: string;
  readonly data: string;
  readonly log: string;
  readonly account: ServerAccount | undefined;
}

/** `.data` in the working folder; for root elsewhere if the server's account can't reach it. */
export function defaultDataDir(): string {
  const here = resolve(".data");
  const account = process.getuid?.() === 0 ? accountForRoot() : undefined;
  return account === undefined || canReach(account, dirname(here))
    ? here
    : "/var/lib/uni-cache";
}

/** Makes `folder` if need be, and lets the server's account pass through it. */
export function openDataFolder(folder: string): DataFolder {
  const account = serverAccount();
  const path = resolve(folder);
  const home = attempt(`make the data folder "${path}"`, () => {
    makePassable(path, account);
    return realpathSync(path);
  });
  if (account !== undefined && !canReach(account, home)) {
    throw new EmbeddedPostgresFailed(
      `Cannot start PostgreSQL in "${home}": it can't run as root, and the account ${account.name} can't reach that folder; set UC_DATA_DIR to another one, such as /var/lib/uni-cache`,
    );
  }
  const data = join(home, "data");
  assertOwner(data, account);
  return { home, data, log: join(home, "postgres.log"), account };
}

/** For root each folder is made passable for others, though not readable. */
function makePassable(path: string, account: ServerAccount | undefined): void {
  if (existsSync(path)) {
    const { mode, uid } = statSync(path);
    const passable = (mode & 0o7777) | 0o011;
    if (account !== undefined && uid === 0) chmodSync(path, passable);
    return;
  }
  if (!existsSync(dirname(path))) makePassable(dirname(path), account);
  const mode = account === undefined ? 0o700 : 0o711;
  try {
    mkdirSync(path, { mode });
    chmodSync(path, mode);
  } catch (error) {
    // Two processes may start at once.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function assertOwner(data: string, account: ServerAccount | undefined): void {
  const stats = statSync(data, { throwIfNoEntry: false });
  const uid = account?.uid ?? process.getuid?.();
  if (stats === undefined || uid === undefined || stats.uid === uid) return;
  throw new EmbeddedPostgresFailed(
    `Cannot use the database in "${data}": it belongs to user id ${stats.uid}, and the server would run as ${uid}; start as the same account as before or set UC_DATA_DIR to another folder`,
  );
}
