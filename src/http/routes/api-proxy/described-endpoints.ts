/**
 * The endpoints that come with a new API proxy.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { ApiProxy } from "../../../domain/api-proxy/api-proxy.ts";
import {
  type EndpointDraft,
  plainEndpoint,
} from "../../../domain/api-proxy/endpoint-draft.ts";
import { Invalid } from "../../../services/errors.ts";
import { readSpec } from "../../gateway/spec-document.ts";

/** Those that `spec` describes, which goes with `OPEN_API` and with nothing else. */
export const describedIn = Effect.fnUntraced(function* (
  spec: unknown,
  creationType: ApiProxy["creationType"],
) {
  const isGiven = (spec ?? undefined) !== undefined;
  if (creationType === "REVERSE_PROXY") {
    if (!isGiven) return [] as readonly EndpointDraft[];
    return yield* invalid("spec", "needs apiProxyCreationType OPEN_API");
  }
  if (!isGiven) return yield* invalid("spec", "is required");
  const read = readSpec(spec);
  if (read._tag === "Refused") return yield* invalid(read.field, read.reason);
  return read.endpoints.map(plainEndpoint);
});

const invalid = (field: string, message: string) =>
  new Invalid({ problems: [{ field, message }] });
