/**
 * Responses of the gateway for tests of where they are kept.
 *
 * @module
 */
import type { EntryId } from "../../../src/domain/entry/entry.ts";
import type { StoredResponse } from "../../../src/domain/gateway/stored-response.ts";

/** Asked for at 1,000 and answered at 1,100; fresh for ever. */
export function responseAt(
  id: EntryId,
  changes: Partial<StoredResponse> = {},
): StoredResponse {
  const until = 8_000_000_000_000;
  return {
    ...id,
    variant: "",
    selecting: {},
    status: 200,
    headers: [
      ["Content-Type", "text/plain"],
      ["X-Note", 'two "lines"'],
    ],
    body: new TextEncoder().encode("one"),
    params: {},
    lifetime: {
      storedAt: 1_100,
      freshUntil: until,
      staleUntil: until,
      fallbackUntil: until,
    },
    policy: "ttl",
    withCredentials: false,
    requestAt: 1_000,
    responseAt: 1_100,
    ...changes,
  };
}
