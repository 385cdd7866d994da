/**
 * How many passwords may be tried.
 *
 * Tries are limited twice: those of one name from one network, and all that come from one
 * network, whatever the names, because the same few passwords can be tried on many. Each
 * window slides: no more than `most` lie in any `millis`, and a try counts for that long. A
 * try that is refused counts as none; one that finds the right password is taken back.
 *
 * Instants are Unix milliseconds.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { IpAddress } from "../source/ip-address.ts";
import { networkOf } from "./network.ts";

export interface TryLimit {
  readonly most: number;
  readonly millis: number;
}

/** Of one name from one network. */
export const NAME_LIMIT: TryLimit = { most: 10, millis: 60_000 };
/** Of one network: wrong passwords of all of an office that calls from one address. */
export const NETWORK_LIMIT: TryLimit = { most: 100, millis: 900_000 };

/** Who tries: the name as it was given, and where from. */
export interface Trier {
  readonly username: string;
  /** `undefined`: that can't be told. */
  readonly address: IpAddress | undefined;
}

export type TryVerdict =
  /** `triedAt`: the tries that count now, this one included. */
  | { readonly _tag: "Admitted"; readonly triedAt: readonly number[] }
  /** From `retryAt` on one more is admitted. */
  | { readonly _tag: "Refused"; readonly retryAt: number };

/** Whether one more may be tried at `now`, after those at `triedAt`, oldest first. */
export function judgeTry(
  triedAt: readonly number[],
  { most, millis }: TryLimit,
  now: number,
): TryVerdict {
  // A clock that was set back must not lock out for longer than a window.
  const counting = triedAt
    .map((at) => Math.min(at, now))
    .filter((at) => now < at + millis);
  const oldest = counting.at(-most);
  return oldest === undefined
    ? { _tag: "Admitted", triedAt: [...counting, now] }
    : { _tag: "Refused", retryAt: oldest + millis };
}

/** SHA-256 of name and network, 32 bytes: a name may hold anything, a password typed there too. */
export function nameHash({ username, address }: Trier): Uint8Array {
  return hashOf(["name", username, networkName(address)]);
}

/** SHA-256 of the network, likewise. */
export function networkHash({ address }: Trier): Uint8Array {
  return hashOf(["network", networkName(address)]);
}

const networkName = (address: IpAddress | undefined) =>
  address === undefined ? null : networkOf(address);

const hashOf = (parts: readonly (string | null)[]) =>
  new Uint8Array(createHash("sha256").update(JSON.stringify(parts)).digest());
