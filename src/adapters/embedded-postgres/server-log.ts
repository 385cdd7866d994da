/**
 * The server's log. It gets no statements and no clients' errors, which could hold secrets
 * and would make it grow; and it is emptied when a start finds it too long.
 *
 * @module
 */
import { closeSync, openSync, readSync, statSync, truncateSync } from "node:fs";

/** What keeps the log short and free of what clients send. */
export const LOG_SETTINGS = {
  log_checkpoints: "off",
  log_min_messages: "log",
  log_min_error_statement: "panic",
  log_autovacuum_min_duration: "-1",
};

const LONGEST_BYTES = 10 * 1024 * 1024;
const LAST_BYTES = 4096;

/** A running server goes on at the new end, because it appends. */
export function shortenLog(log: string): void {
  if (lengthOf(log) > LONGEST_BYTES) truncateSync(log);
}

export function lengthOf(log: string): number {
  return statSync(log, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last thing that ended a server since the log was `start` bytes long. */
export function lastComplaint(log: string, start: number): string | undefined {
  const lines = readFrom(log, Math.max(start, lengthOf(log) - LAST_BYTES)).split("\n");
  const line = lines.findLast((text) =>
    /\b(FATAL|PANIC|error while loading)\b/.test(text),
  );
  return line?.replace(/^.*?\b(FATAL|PANIC):\s*/, "").trim();
}

function readFrom(log: string, start: number): string {
  const handle = openSync(log, "r");
  try {
    const bytes = Buffer.alloc(LAST_BYTES);
    return bytes.toString("utf8", 0, readSync(handle, bytes, 0, LAST_BYTES, start));
  } finally {
    closeSync(handle);
  }
}
