import { describe, expect, test } from "bun:test";
import { countingUpstream, json } from "../support/counting-upstream.ts";
import { clientOf, until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";

/** A server that gives up on silent connections does so after ten seconds, left to itself. */
const LATE_MILLIS = 12_000;

describe("readers of two processes who wait for one cold key", () => {
  test("cause one call, and each gets the value, however long it takes", async () => {
    await using place = await sharedDatabase();
    await using upstream = await countingUpstream();
    upstream.answer((request, response) => {
      setTimeout(() => json({ n: 7 })(request, response), LATE_MILLIS);
    });
    await using first = await startApi(place.environment);
    await using second = await startApi(place.environment);
    const clients = [clientOf(first), clientOf(second)];
    await clients[0]?.createSource("cold", upstream.url, { timeout_ms: 20_000 });
    await until(
      () => clients[1]?.status("/api/v1/rate-limit/cold"),
      (status) => status === 200,
    );

    const headers = { "X-UC-Wait": "1", Prefer: "wait=25" };
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        clients[n % 2]?.read("cold", "/key", headers),
      ),
    );

    expect(new Set(answers.map((answer) => answer?.status))).toEqual(new Set([200]));
    expect(new Set(answers.map((answer) => answer?.body.data.n))).toEqual(new Set([7]));
    expect(upstream.calls).toHaveLength(1);
  }, 120_000);
});
