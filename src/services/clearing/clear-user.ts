/**
 * Clears what is cached about one account on an instance.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { entriesAbout, nameOfClear } from "../../domain/instance/instance.ts";
import { Audit } from "../audit/audit.ts";
import { knownInstance } from "../instance/instance-store.ts";
import { clearAlone } from "./clear-entries.ts";

/** Fails where there is no such instance, or the account is being cleared already. */
export const clearUser = Effect.fn("clearUser")(function* (
  instanceId: number,
  username: string,
) {
  const audit = yield* Audit;
  yield* knownInstance(instanceId);
  return yield* clearAlone(nameOfClear(instanceId, username), {
    selections: [entriesAbout(instanceId, username)],
    record: ({ counts }) =>
      audit.record({
        action: "cache.clear_user",
        target: String(instanceId),
        details: { username, ...counts },
      }),
  });
});
