/**
 * The account the server runs under. PostgreSQL refuses to run as root, so a process of
 * root hands it to `postgres` or `nobody`; every other process keeps its own account.
 *
 * @module
 */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  statSync,
  type Stats,
} from "node:fs";
import { dirname } from "node:path";
import { EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts";

export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** `undefined`: the server runs under the account of this process. */
export function serverAccount(): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const account = accountForRoot();
  if (account !== undefined) return account;
  throw new EmbeddedPostgresFailed(
    "Cannot start PostgreSQL as root: this system has neither an account postgres nor nobody; run as another account or set DATABASE_URL",
  );
}

/** `undefined`: this system has none. */
export function accountForRoot(): ServerAccount | undefined {
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n").map(parseAccount);
  return (
    accounts.find(({ name }) => name === "postgres") ??
    accounts.find(({ name }) => name === "nobody")
  );
}

/** Whether `account` may pass through `folder` and every folder above it. */
export function canReach(account: ServerAccount, folder: string): boolean {
  const above = dirname(folder);
  return mayPass(account, folder) && (above === folder || canReach(account, above));
}

/** Makes `folder` for the server alone. */
export function makePrivateFolder(
  folder: string,
  account: ServerAccount | undefined,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  chmodSync(folder, 0o700);
}

/** A folder that does not exist yet stops nobody: we make it passable. */
function mayPass({ uid, gid }: ServerAccount, folder: string): boolean {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return true;
  return (stats.mode & passBit(stats, uid, gid)) !== 0;
}

function passBit(stats: Stats, uid: number, gid: number): number {
  if (stats.uid === uid) return 0o100;
  return stats.gid === gid ? 0o010 : 0o001;
}

function parseAccount(line: string): ServerAccount {
  const [name = "", , uid, gid] = line.split(":");
  return { name, uid: Number(uid), gid: Number(gid) };
}
