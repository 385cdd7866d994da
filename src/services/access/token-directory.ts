/**
 * The tokens as this process knows them.
 *
 * @module
 */
import * as Context from "effect/Context";
import type { Role } from "../../domain/access/permission.ts";

/** Who is calling. */
export interface Caller {
  readonly tokenId: string;
  readonly role: Role;
}

export class TokenDirectory extends Context.Service<
  TokenDirectory,
  {
    /** Whose token this is; touches no store. */
    readonly identify: (token: string) => Caller | undefined;
  }
>()("uni-cache/services/TokenDirectory") {}
