/**
 * Mutual exclusion between processes that share a folder.
 *
 * The lock is a symbolic link whose target is its holder's mark: made in one step, never
 * seen half written. A lock whose holder was killed is broken by the next who wants it.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { codeOf, EmbeddedPostgresFailed } from "./embedded-postgres-failed.ts";
import { isAlive, markOf } from "./process-mark.ts";

const PATIENCE_MILLIS = 90_000;

/** Runs `task` while no other process or task holds the lock of `folder`. */
export async function whileLocked<A>(folder: string, task: () => Promise<A>): Promise<A> {
  const lock = join(folder, "lock");
  const ours = `${markOf(process.pid)}:${randomBytes(6).toString("hex")}`;
  await take(lock, ours);
  try {
    return await task();
  } finally {
    if (holderOf(lock) === ours) rmSync(lock, { force: true });
  }
}

async function take(lock: string, ours: string): Promise<void> {
  const giveUpAt = Date.now() + PATIENCE_MILLIS;
  while (!made(lock, ours)) {
    const holder = holderOf(lock);
    if (holder === undefined) continue;
    if (!isAlive(markIn(holder))) {
      breakLock(lock, holder);
    } else if (Date.now() > giveUpAt) {
      throw new EmbeddedPostgresFailed(
        `Cannot lock the data folder: process ${markIn(holder).split("-")[0]} holds "${lock}"`,
      );
    } else {
      await pause(5 + Math.random() * 10);
    }
  }
}

function made(lock: string, target: string): boolean {
  try {
    symlinkSync(target, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

function holderOf(lock: string): string | undefined {
  try {
    return readlinkSync(lock);
  } catch {
    return undefined;
  }
}

/** Moves the lock aside before judging it: of several breakers only one gets it. */
function breakLock(lock: string, dead: string): void {
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch {
    return; // another breaker was first
  }
  const moved = holderOf(aside);
  if (moved !== undefined && moved !== dead) made(lock, moved);
  rmSync(aside, { force: true });
}

function markIn(holder: string): string {
  return holder.split(":")[0] ?? "";
}
