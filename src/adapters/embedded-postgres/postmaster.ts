/**
 * The server's main process, as others see it: through `postmaster.pid`, its process id
 * and its socket.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { markOf } from "./process-mark.ts";

export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly socketFolder: string;
  /** `starting`, `ready`, `stopping`; empty before it has said so. */
  readonly status: string;
}

const POLL_MILLIS = 5;
const FAST_STOP_MILLIS = 30_000;
const QUICK_STOP_MILLIS = 5_000;

/** `undefined`: no server, or one that has only begun to start. */
export function readPostmaster(data: string): Postmaster | undefined {
  try {
    const lines = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n");
    return {
      pid: Number(lines[0]),
      port: Number(lines[3]),
      socketFolder: lines[4] ?? "",
      status: (lines[7] ?? "").trim(),
    };
  } catch {
    return undefined;
  }
}

/** Whether `pid` is a server on `data`, and not another program that got the same id. */
export function isPostmaster(pid: number, data: string): boolean {
  if (markOf(pid) === undefined) return false;
  const { command, separator } = commandOf(pid);
  return command.includes(["postgres", "-D", data, ""].join(separator));
}

/** Whether somebody listens on the server's socket. */
export function accepts({ socketFolder, port }: Postmaster): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(join(socketFolder, `.s.PGSQL.${port}`));
    socket.once("connect", () => {
      socket.destroy();
      answer(true);
    });
    socket.once("error", () => answer(false));
  });
}

/**
 * Removes what a killed server left. PostgreSQL does so itself, but for an id that another
 * program has got since; and it still refuses to start while old backends run.
 */
export function removeRemains(data: string, { socketFolder, port }: Postmaster): void {
  rmSync(join(data, "postmaster.pid"), { force: true });
  if (socketFolder === "") return;
  rmSync(join(socketFolder, `.s.PGSQL.${port}`), { force: true });
  rmSync(join(socketFolder, `.s.PGSQL.${port}.lock`), { force: true });
}

/** Stops the server `pid` on `data`, if it still is one, and waits until it is gone. */
export async function stopPostmaster(pid: number, data: string): Promise<void> {
  if (!isPostmaster(pid, data)) return;
  // Break off transactions and write everything out; or else leave at once and recover later.
  tell(pid, "SIGINT");
  if (await isGone(pid, data, FAST_STOP_MILLIS)) return;
  tell(pid, "SIGQUIT");
  await isGone(pid, data, QUICK_STOP_MILLIS);
}

async function isGone(
  pid: number,
  data: string,
  patienceMillis: number,
): Promise<boolean> {
  const giveUpAt = Date.now() + patienceMillis;
  while (isPostmaster(pid, data)) {
    if (Date.now() > giveUpAt) return false;
    await pause(POLL_MILLIS);
  }
  return true;
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function commandOf(pid: number): { command: string; separator: string } {
  if (process.platform !== "linux") {
    const { stdout } = spawnSync("ps", ["-o", "args=", "-p", `${pid}`], {
      encoding: "utf8",
    });
    return { command: `${stdout.trimEnd()} `, separator: " " };
  }
  try {
    return { command: readFileSync(`/proc/${pid}/cmdline`, "utf8"), separator: "\0" };
  } catch {
    return { command: "", separator: "\0" };
  }
}
