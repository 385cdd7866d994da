/**
 * Sources and what is stored for them, without an upstream.
 *
 * @module
 */
import { Effect } from "effect";
import { tokenHash } from "../../src/domain/access/token.ts";
import type { Entry } from "../../src/domain/entry/entry.ts";
import { lifetimeFrom } from "../../src/domain/entry/freshness.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { ChangeBus } from "../../src/services/change-bus.ts";
import { EntryStore } from "../../src/services/entry/entry-store.ts";
import { entryAt } from "../adapters/postgres/sources.ts";
import type { TestService } from "../support/service.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** A source whose upstream is never called. */
export async function makeSource(
  service: TestService,
  id: string,
  settings: object = {},
): Promise<void> {
  const response = await service.send("POST", "/api/v1/sources", {
    id,
    base_url: "http://127.0.0.1:9",
    key_template: "/weather/{{city}}",
    ...settings,
  });
  if (response.status !== 201) throw new Error(await response.text());
}

/** Stored `age` ago; fresh for 10 minutes, stale for 10 more, a fallback for a day. */
export async function storeEntry(
  service: TestService,
  sourceId: string,
  key: string,
  age = 0,
  changes: Partial<Entry> = {},
): Promise<void> {
  const [source] = await service.sql<{ epoch: string }[]>`
    select epoch from sources where id = ${sourceId}`;
  const storedAt = Date.now() - age;
  const lifetime = lifetimeFrom(storedAt, {
    ttlMillis: 10 * MINUTE,
    staleWhileRevalidateMillis: 10 * MINUTE,
    staleIfErrorMillis: 24 * HOUR,
  });
  const entry = entryAt(
    { space: `s${source?.epoch}`, key },
    { lifetime, requestAt: storedAt - 100, responseAt: storedAt, ...changes },
  );
  await service.run(
    EntryStore.use((store) => store.save(entry, Number.MAX_SAFE_INTEGER)),
  );
}

/** Bytes that are served as they are. */
export const bodyOf = (json: string) => ({ body: new TextEncoder().encode(json) });

/** A token that may look and nothing else. */
export async function addGuest(service: TestService): Promise<Record<string, string>> {
  const token = "guest-token-0123456789";
  await service.run(
    Effect.gen(function* () {
      const store = yield* TokenStore;
      const bus = yield* ChangeBus;
      const hash = tokenHash(token);
      yield* store.add({ id: "guest-1", name: "guest", role: "guest", hash });
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );
  return { authorization: `Bearer ${token}` };
}
