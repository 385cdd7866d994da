/**
 * What the demo may be told on the command line.
 *
 * @module
 */
import { parseArgs } from "node:util";

export interface Options {
  /** How long it reads. */
  readonly seconds: number;
  /** The limit that the upstream enforces and Uni-Cache is told to keep. */
  readonly perMinute: number;
}

export class BadOption extends Error {
  override readonly name = "BadOption";
}

/** Throws `BadOption` for an unknown flag or a value that can't be used. */
export function readOptions(args: readonly string[]): Options {
  const { seconds, "per-minute": perMinute } = parseFlags(args);
  return {
    seconds: wholeNumber("--seconds", seconds, 3, 3_600),
    perMinute: wholeNumber("--per-minute", perMinute, 1, 100_000),
  };
}

function parseFlags(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: "string", default: "90" },
        "per-minute": { type: "string", default: "240" },
      },
    });
    return values;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    throw new BadOption(`${reason}: the flags are --seconds N and --per-minute N`);
  }
}

function wholeNumber(flag: string, text: string, from: number, to: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new BadOption(
    `Cannot use ${flag} "${text}": it must be a whole number from ${from} to ${to}`,
  );
}
