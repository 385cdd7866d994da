/**
 * Which addresses besides the public ones upstreams may have.
 *
 * @module
 */
import * as Context from "effect/Context";
import type { Cidr } from "../../domain/source/ip-address.ts";

export const AllowedCidrs = Context.Reference<readonly Cidr[]>(
  "uni-cache/services/AllowedCidrs",
  { defaultValue: () => [] },
);
