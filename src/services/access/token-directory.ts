/**
 * The tokens as this process knows them.
 *
 * @module
 */
import * as Context from "effect/Context";
import type { Caller } from "../../domain/access/caller.ts";

export class TokenDirectory extends Context.Service<
  TokenDirectory,
  {
    /** Whose token this is, if it is still in force at `now`; notes the use, and touches no store. */
    readonly identify: (token: string, now: number) => Caller | undefined;
  }
>()("uni-cache/services/TokenDirectory") {}
