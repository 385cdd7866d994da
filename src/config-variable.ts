/**
 * How a variable of the environment is read.
 *
 * An empty variable counts as unset. One that can't be used stops the start with one line; a
 * secret's value is never part of that line.
 *
 * @module
 */
import { type Cidr, parseCidrs } from "./domain/source/address-rules.ts";

/** What the environment says can't be used; the message is one line. */
export class BadConfig extends Error {
  override readonly name = "BadConfig";
}

export type Environment = Readonly<Record<string, string | undefined>>;

export const RANGES = "address ranges such as 127.0.0.0/8, separated by commas";

/** How one variable is read; `undefined` from `read` means that the value is not allowed. */
export interface Variable<A> {
  readonly name: string;
  readonly allowed: string;
  readonly secret?: true;
  readonly read: (text: string) => A | undefined;
}

export function readVariable<A>(
  environment: Environment,
  variable: Variable<A>,
): A | undefined {
  const text = environment[variable.name];
  if (text === undefined || text === "") return undefined;
  const value = variable.read(text);
  if (value === undefined) {
    const shown = variable.secret ? "(not shown)" : JSON.stringify(text);
    throw new BadConfig(
      `Cannot start: ${variable.name} is ${shown}; allowed: ${variable.allowed}`,
    );
  }
  return value;
}

export function wholeNumber(least: number, most: number) {
  return (text: string): number | undefined => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  };
}

export function oneOf<const A extends string>(...allowed: readonly A[]) {
  return (text: string): A | undefined => allowed.find((value) => value === text);
}

export function addressRanges(name: string): Variable<readonly Cidr[]> {
  return {
    name,
    allowed: RANGES,
    read: (text) => {
      const parsed = parseCidrs(text);
      // What names no range at all must not pass for "off".
      const isList = parsed._tag === "Parsed" && parsed.cidrs.length > 0;
      return isList ? parsed.cidrs : undefined;
    },
  };
}

export const piecesOf = (text: string) => text.split(/[\s,]+/).filter(Boolean);

/** In the one spelling in which browsers send an origin. */
export const isOrigin = (text: string) =>
  /^https?:[^*]+$/.test(text) && URL.parse(text)?.origin === text;

/** 32 bytes from 64 hexadecimal digits, or from base64 in either alphabet. */
export function readKey(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  return bytes.length === 32 ? bytes : undefined;
}
