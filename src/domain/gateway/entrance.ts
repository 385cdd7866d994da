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
import type { ApiProxy } from "./api-proxy.ts";

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

/** `identify` gives who a token in force belongs to. */
export function entranceOf(
  { access, sourceId }: Pick<ApiProxy, "access" | "sourceId">,
  { authorization, apiKey }: Presented,
  identify: (token: string) => Caller | undefined,
): Entrance {
  const bearer = /^bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
  const key = apiKey?.trim();
  const byBearer = bearer === undefined ? undefined : identify(bearer);
  const byKey = key === undefined ? undefined : identify(key);
  if (byBearer !== undefined && byKey !== undefined && bearer !== key) {
    return { _tag: "Contradictory" };
  }
  // Where we ask for credentials, a key that is none of ours is a wrong one.
  const isKeyOurs = byKey !== undefined || access === "TOKEN";
  const withheld = [
    ...(key !== undefined && isKeyOurs ? ["x-api-key"] : []),
    ...(byBearer === undefined ? [] : ["authorization"]),
  ];
  const caller = byKey ?? byBearer;
  if (access === "PUBLIC") return { _tag: "Admitted", caller, withheld };
  if (caller === undefined || (key !== undefined && byKey === undefined)) {
    return { _tag: "Unauthorized" };
  }
  if (!seesSource(caller, sourceId)) return { _tag: "Unseen" };
  return { _tag: "Admitted", caller, withheld };
}
