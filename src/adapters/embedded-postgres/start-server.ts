/**
 * A real PostgreSQL server of our own, for those who name no other.
 *
 * Processes that give the same folder share one server: the first starts it, the others
 * join it, the last to stop stops it. Joining and leaving happen under the folder's lock,
 * so a server is never stopped under one who has just joined. The server lives in a
 * session of its own: it outlives whoever started it, and the next start joins it.
 *
 * All of them run on one machine, under one account.
 *
 * @module
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { EmbeddedPostgresFailed, failure } from "./embedded-postgres-failed.ts";
import { whileLocked } from "./folder-lock.ts";
import {
  accepts,
  isPostmaster,
  type Postmaster,
  readPostmaster,
  removeRemains,
  stopPostmaster,
} from "./postmaster.ts";
import { serverBinaries } from "./server-binaries.ts";
import { initialise } from "./initialise.ts";
import { lastComplaint, lengthOf, LOG_SETTINGS, shortenLog } from "./server-log.ts";
import { startProgram, unstartable } from "./server-program.ts";
import { hasUsers, register, unregister } from "./server-users.ts";
import { isPrivate, socketFolder } from "./socket-folder.ts";

export interface EmbeddedServer {
  /** The folder of the Unix socket; the server listens on nothing else. */
  readonly host: string;
  readonly port: number;
  readonly user: "unicache";
  readonly pid: number;
  /** Whether this call started the server; otherwise it joined one. */
  readonly started: boolean;
  /** Leaves the server; the last to leave stops it and waits until it is gone. Safe to repeat. */
  stop(): Promise<void>;
}

/** PostgreSQL's own settings by name, over the defaults; a server that is joined keeps its own. */
export type ServerSettings = Readonly<Record<string, string>>;

const PATIENCE_MILLIS = 60_000;
const POLL_MILLIS = 5;
const RETRY_MILLIS = 100;
const REVIVE_MILLIS = 1_000;

/** Fails with `EmbeddedPostgresFailed`. */
export async function startEmbeddedPostgres(
  folder: string,
  settings: ServerSettings = {},
): Promise<EmbeddedServer> {
  try {
    const opened = openDataFolder(folder);
    return await whileLocked(opened.home, () => join(opened, settings));
  } catch (error) {
    throw failure(`start PostgreSQL in "${folder}"`, error);
  }
}

async function join(
  folder: DataFolder,
  settings: ServerSettings,
): Promise<EmbeddedServer> {
  const user = register(folder.home);
  try {
    shortenLog(folder.log);
    const { postmaster, started } = await findOrLaunch(folder, settings);
    const { pid, port, socketFolder } = postmaster;
    const stopReviving = revive(folder, settings);
    let left: Promise<void> | undefined;
    const stop = () => {
      stopReviving();
      return (left ??= leave(folder, user, pid));
    };
    return { host: socketFolder, port, user: "unicache", pid, started, stop };
  } catch (error) {
    unregister(user);
    throw error;
  }
}

/** Starts the server again when it ends under its users; gives what ends that. */
function revive(folder: DataFolder, settings: ServerSettings): () => void {
  let stopped = false;
  const look = async () => {
    const running = readPostmaster(folder.data);
    if (running !== undefined && isPostmaster(running.pid, folder.data)) return;
    await whileLocked(folder.home, async () => {
      if (!stopped && existsSync(folder.data)) await findOrLaunch(folder, settings);
    });
  };
  const again = (): void => {
    if (stopped) return;
    const timer = setTimeout(() => {
      // What can't be started now is tried again: the store's users report the outage.
      void look()
        .catch(() => {})
        .then(again);
    }, REVIVE_MILLIS);
    timer.unref();
  };
  again();
  return () => {
    stopped = true;
  };
}

async function leave(folder: DataFolder, user: string, joined: number): Promise<void> {
  // Somebody has removed the folder: nobody can join any more, so there is nothing to lock.
  if (!existsSync(folder.home)) return stopPostmaster(joined, folder.data);
  await whileLocked(folder.home, async () => {
    unregister(user);
    const running = readPostmaster(folder.data)?.pid ?? joined;
    if (!hasUsers(folder.home)) await stopPostmaster(running, folder.data);
  });
}

/** Waits for a server that is starting, recovering or stopping. */
async function findOrLaunch(
  folder: DataFolder,
  settings: ServerSettings,
): Promise<{ postmaster: Postmaster; started: boolean }> {
  const giveUpAt = Date.now() + PATIENCE_MILLIS;
  let launched: Launch | undefined;
  while (Date.now() < giveUpAt) {
    const postmaster = readPostmaster(folder.data);
    if (postmaster !== undefined && (await serves(postmaster, folder))) {
      return { postmaster, started: postmaster.pid === launched?.pid };
    }
    if (launched !== undefined && launched.end() === undefined) {
      await pause(POLL_MILLIS);
    } else if (postmaster !== undefined && isPostmaster(postmaster.pid, folder.data)) {
      await pause(POLL_MILLIS);
    } else {
      if (launched !== undefined) await reconsider(launched, folder.log);
      if (postmaster !== undefined) removeRemains(folder.data, postmaster);
      launched = await launch(folder, settings);
    }
  }
  throw new EmbeddedPostgresFailed(
    `Cannot start PostgreSQL in "${folder.home}": no answer within ${PATIENCE_MILLIS / 1000} seconds; see "${folder.log}"`,
  );
}

async function serves(postmaster: Postmaster, folder: DataFolder): Promise<boolean> {
  return (
    postmaster.status === "ready" &&
    isPrivate(postmaster.socketFolder, folder) &&
    (await accepts(postmaster))
  );
}

interface Launch {
  readonly pid: number | undefined;
  /** How it ended; `undefined` while it runs. */
  end(): string | Error | undefined;
  /** What it said last, if that was why it ended. */
  complaint(): string | undefined;
}

async function launch(folder: DataFolder, settings: ServerSettings): Promise<Launch> {
  const { initdb, postgres } = serverBinaries(folder.home, folder.account);
  await initialise(folder, initdb, { durable: settings["fsync"] !== "off" });
  const all = {
    listen_addresses: "",
    unix_socket_directories: `"${socketFolder(folder).replaceAll('"', '""')}"`,
    max_connections: "100",
    shared_buffers: "64MB",
    ...LOG_SETTINGS,
    ...settings,
  };
  const options = Object.entries(all).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const start = lengthOf(folder.log);
  const log = openSync(folder.log, "a", 0o600);
  const child = startProgram(postgres, ["-D", folder.data, "-p", "5432", ...options], {
    account: folder.account,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let end: string | Error | undefined;
  child.on("error", (error) => (end = unstartable(postgres, error)));
  child.on("exit", (code, signal) => (end = `it ended with ${signal ?? code}`));
  child.unref();
  return {
    pid: child.pid,
    end: () => end,
    complaint: () => lastComplaint(folder.log, start),
  };
}

/**
 * Some ends are no verdict: backends of a killed server take a moment to notice, another
 * program may have started a server on the same folder, a signal may come from anywhere.
 */
async function reconsider(launched: Launch, log: string): Promise<void> {
  const end = launched.end();
  if (end instanceof Error) throw end;
  const reason = launched.complaint() ?? end ?? "";
  if (!/shared memory block|lock file|ended with SIG/.test(reason)) {
    throw new Error(`${reason}; see "${log}"`);
  }
  await pause(RETRY_MILLIS);
}
