import { describe, expect, test } from "bun:test";
import { countingUpstream } from "../support/counting-upstream.ts";
import { logArrivals } from "./arrivals.ts";
import { clientOf, until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";
import { slowly } from "./slowly.ts";

describe("readers who ask again until the answer is there", () => {
  test("cost one call for each key", async () => {
    await using place = await sharedDatabase();
    await using upstream = await countingUpstream();
    using log = logArrivals(upstream, slowly);
    await using api = await startApi(place.environment);
    const client = clientOf(api);
    await client.createSource("s", upstream.url);
    const keys = Array.from({ length: 40 }, (_, index) => `/key/${index}`);

    const readers = [0, 1, 2, 3].map(async (reader) => {
      for (const key of keys.filter((_, index) => index % 4 === reader)) {
        await until(
          () => client.read("s", key),
          ({ status }) => status === 200,
        );
      }
    });
    await Promise.all(readers);
    await until(
      () => place.sql`select 1 from tasks where state in ('queued', 'running')`,
      (unfinished) => unfinished.length === 0,
    );

    expect(log.arrivals).toHaveLength(keys.length);
  }, 120_000);
});
