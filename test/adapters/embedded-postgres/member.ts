/**
 * The test's end of a `member-process.ts`.
 *
 * @module
 */
import { expect } from "bun:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("member-process.ts", import.meta.url));

export interface Joined {
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly started: boolean;
}

export function startMember(folder: string, environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, folder], {
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (event: string) => {
    const { value } = await lines.next();
    const told = JSON.parse(String(value ?? '{"event":"nothing more"}'));
    expect(told).toMatchObject({ event });
    return told;
  };
  return {
    joining: () => next("joining"),
    joined: (): Promise<Joined> => next("joined"),
    askToLeave: () => child.stdin.end(),
    leaving: () => next("leaving"),
    async left() {
      await next("left");
      expect(await exited).toEqual([0, null]);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export type Member = ReturnType<typeof startMember>;

/** Starts a process that joins, and waits until it has. */
export async function join(folder: string): Promise<Joined & { member: Member }> {
  const member = startMember(folder);
  await member.joining();
  return { ...(await member.joined()), member };
}

export async function leave(member: Member): Promise<void> {
  member.askToLeave();
  await member.leaving();
  await member.left();
}
