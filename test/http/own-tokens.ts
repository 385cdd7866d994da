/**
 * Tokens of a test's own.
 *
 * @module
 */
import { Effect } from "effect";
import { randomBytes } from "node:crypto";
import type { Role } from "../../src/domain/access/permission.ts";
import { tokenFrom, tokenHash } from "../../src/domain/access/token.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { ChangeBus } from "../../src/services/change-bus.ts";
import type { TestService } from "../support/service.ts";

export interface Granted {
  readonly role: Role;
  /** The only sources it may touch; any where it is not said. */
  readonly sources?: readonly string[];
}

/** A new token that is in force. */
export async function addToken(service: TestService, granted: Granted): Promise<string> {
  const token = tokenFrom(randomBytes(32));
  const id = `test-${randomBytes(6).toString("hex")}`;
  await service.run(
    Effect.gen(function* () {
      const store = yield* TokenStore;
      const bus = yield* ChangeBus;
      yield* store.add({ ...granted, id, name: id, hash: tokenHash(token) });
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );
  return token;
}
