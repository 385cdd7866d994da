/**
 * A mark names one process for good: its id and, where the system tells it, the moment
 * it started, so that a later process with the same id is not taken for it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { codeOf } from "./embedded-postgres-failed.ts";

/** `undefined` when no such process runs; a killed one that nobody reaped does not run. */
export function markOf(pid: number): string | undefined {
  if (!Number.isSafeInteger(pid) || pid < 1) return undefined;
  const stat = readStat(pid);
  if (stat !== undefined)
    return isDead(stat.state) ? undefined : `${pid}-${stat.startedAt}`;
  return answersSignals(pid) ? `${pid}` : undefined;
}

/** Whether the process that `mark` was made for still runs. */
export function isAlive(mark: string): boolean {
  const [pid = "", startedAt] = mark.split("-");
  const [, startedAtNow] = markOf(Number(pid))?.split("-") ?? ["", "none"];
  if (startedAtNow === "none") return false;
  return (
    startedAt === undefined || startedAtNow === undefined || startedAt === startedAtNow
  );
}

/** Fields 3 and 22 of Linux' `/proc/<pid>/stat`; `undefined` where it can't be read. */
function readStat(pid: number): { state: string; startedAt: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name and may hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", startedAt: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

function isDead(state: string): boolean {
  return state === "Z" || state === "X" || state === "x";
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, under another account.
    return codeOf(error) === "EPERM";
  }
}
