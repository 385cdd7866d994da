/**
 * The test's end of a `bus-member-process.ts`.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("bus-member-process.ts", import.meta.url));

export interface Applied {
  readonly seq: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly change: { readonly sourceId: string };
}

export interface Acknowledged {
  readonly sourceId: string;
  readonly seq: number;
  readonly unreached: number;
  readonly millis: number;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface BusMember extends AsyncDisposable {
  readonly pid: number;
  /** In the order in which they were applied. */
  readonly applied: Applied[];
  /** Numbers up to which it was told that it may have missed something. */
  readonly lost: number[];
  /** Logs a change of `sourceId` and waits for the others. */
  log(sourceId: string): Promise<Acknowledged>;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<unknown>;
}

/** Starts a process and waits until it follows the log. */
export async function busMember(url: string): Promise<BusMember> {
  const child = spawn(process.execPath, [program, url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const applied: Applied[] = [];
  const lost: number[] = [];
  const waiting = new Map<string, (told: Acknowledged) => void>();
  const ready = new Promise<void>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      const told = JSON.parse(line);
      if (told.event === "ready") resolve();
      if (told.event === "applied") applied.push(told);
      if (told.event === "lost") lost.push(told.seq);
      if (told.event === "acknowledged") waiting.get(told.sourceId)?.(told);
    });
  });
  await ready;
  return {
    pid: child.pid ?? 0,
    applied,
    lost,
    exited,
    log: (sourceId) =>
      new Promise((resolve) => {
        waiting.set(sourceId, resolve);
        child.stdin.write(`${sourceId}\n`);
      }),
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGCONT");
      child.stdin.end();
      await exited;
    },
  };
}

export async function busMembers(url: string, count: number) {
  const members = await Promise.all(Array.from({ length: count }, () => busMember(url)));
  return {
    members,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
    },
  };
}
