import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Layer, ManagedRuntime } from "effect";
import type { DatabaseAddress } from "../../../src/adapters/postgres/address.ts";
import * as Database from "../../../src/adapters/postgres/database.ts";
import * as EntryNewsLayer from "../../../src/adapters/postgres/entry-news.ts";
import * as Notifications from "../../../src/adapters/postgres/notifications.ts";
import { newsName } from "../../../src/domain/entry/entry.ts";
import { EntryNews } from "../../../src/services/entry/entry-news.ts";
import { testDatabase } from "../../support/postgres.ts";
import { eventually } from "../../support/service.ts";
import { patientPool } from "./patient-pool.ts";

let address: DatabaseAddress;
const listener = () => ManagedRuntime.make(processLayer("listens"));
const processLayer = (processId: string) =>
  EntryNewsLayer.layer(processId).pipe(
    Layer.provide(
      Layer.mergeAll(Database.layer(address, patientPool), Notifications.layer(address)),
    ),
  );

let listening: ReturnType<typeof listener>;
const heard: string[] = [];

beforeAll(async () => {
  const { url } = await testDatabase();
  address = { url };
  listening = listener();
  await listening.runPromise(
    EntryNews.use(({ subscribe }) =>
      subscribe({ replaced: (names) => heard.push(...names), lost: () => {} }),
    ),
  );
});
afterAll(() => listening.dispose());

describe("EntryNews", () => {
  test("tells the other processes what was replaced until the last moment", async () => {
    const ids = Array.from({ length: 500 }, (_, n) => ({ space: "s1", key: `/${n}` }));
    const stopping = ManagedRuntime.make(processLayer("stops"));
    await stopping.runPromise(
      EntryNews.use(({ replaced }) => Effect.forEach(ids, replaced, { discard: true })),
    );

    await stopping.dispose();

    await eventually(
      async () => heard.length,
      (count) => count === ids.length,
    );
    expect(heard.toSorted()).toEqual(ids.map(newsName).toSorted());
  });
});
