/**
 * Whether a request may use an API proxy, and which of its credentials are ours.
 *
 * Ours never reach an upstream or a key. What is not ours belongs to the upstream and is
 * not judged here.
 *
 * Source: contract §7.1.
 *
 * @module
 */
import { type Caller, seesSource } from "../access/caller.ts";
import type { ApiProxy } from "../api-proxy/api-proxy.ts";

export interface Presented {
  /** As they came. */
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
}

export type Entrance =
  /** `withheld`: names of request headers, in lower case, that stay here. */
  | {
      readonly _tag: "Admitted";
      readonly caller: Caller | undefined;
      readonly withheld: readonly string[];
    }
  | { readonly _tag: "Contradictory" }
  | { readonly _tag: "Unauthorized" }
  /** The caller is restricted to other sources: for it there is no such proxy. */
  | { readonly _tag: "Unseen" };

/**
 * `identify` gives who a token in force belongs to. A header that was sent twice comes as one
 * with commas: a token of ours is found in any part of it, and then it is not alone.
 */
export function entranceOf(
  { access, sourceId }: Pick<ApiProxy, "access" | "sourceId">,
  { authorization, apiKey }: Presented,
  identify: (token: string) => Caller | undefined,
): Entrance {
  const bearers = partsOf(authorization).map((part) =>
    part.replace(/^bearer[ \t]+/i, ""),
  );
  const keys = partsOf(apiKey);
  const callerOf = (tokens: readonly string[]) =>
    tokens.map(identify).find((found) => found !== undefined);
  const [byBearer, byKey] = [callerOf(bearers), callerOf(keys)];
  const areSeveral =
    (bearers.length > 1 && byBearer !== undefined) ||
    (keys.length > 1 && byKey !== undefined);
  const differ = byBearer !== undefined && byKey !== undefined && bearers[0] !== keys[0];
  if (areSeveral || differ) return { _tag: "Contradictory" };
  // Where we ask for credentials, a key that is none of ours is a wrong one.
  const isKeyOurs = byKey !== undefined || access === "TOKEN";
  const withheld = [
    ...(keys.length > 0 && isKeyOurs ? ["x-api-key"] : []),
    ...(byBearer === undefined ? [] : ["authorization"]),
  ];
  const caller = byBearer ?? byKey;
  if (access === "PUBLIC") return { _tag: "Admitted", caller, withheld };
  if (caller === undefined || (keys.length > 0 && byKey === undefined)) {
    return { _tag: "Unauthorized" };
  }
  if (!seesSource(caller, sourceId)) return { _tag: "Unseen" };
  return { _tag: "Admitted", caller, withheld };
}

const partsOf = (value: string | undefined): readonly string[] =>
  (value ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
