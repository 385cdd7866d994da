import { expect, test } from "bun:test";
import { Effect } from "effect";
import {
  EntryStatistics,
  type StoredBody,
} from "../../src/services/clearing/entry-statistics.ts";
import { readClassificationStats } from "../../src/services/clearing/read-classification-stats.ts";

const MOST_ENTRIES = 10_000;
const PAGE = 2_500;
const body = new TextEncoder().encode("[{},{}]");

/** What is told of mysql where `entries` of two rules each are stored of it. */
const toldOf = (entries: number) =>
  Effect.runPromise(
    readClassificationStats.pipe(
      Effect.map((counted) => counted.get("mysql")),
      Effect.provideService(EntryStatistics, {
        stored: Effect.die("not asked for"),
        bodiesWith: ({ db_type }, after) =>
          Effect.succeed(db_type === "mysql" ? bodiesBehind(after, entries) : []),
      }),
    ),
  );

function bodiesBehind(after: number, entries: number): readonly StoredBody[] {
  const length = Math.min(PAGE, entries - after);
  return Array.from({ length }, (_, index) => ({
    place: after + index + 1,
    encoding: "json",
    body,
  }));
}

test("as many entries as are looked at are counted whole", async () => {
  const rules = 2 * MOST_ENTRIES;

  expect(await toldOf(MOST_ENTRIES)).toEqual({ isCached: true, rules, isCut: false });
});

test("one more, and the count is told to be cut", async () => {
  const told = await toldOf(MOST_ENTRIES + 1);

  expect(told).toEqual({ isCached: true, rules: 2 * MOST_ENTRIES, isCut: true });
});

test("of none there is nothing to cut", async () => {
  expect(await toldOf(0)).toEqual({ isCached: false, rules: 0, isCut: false });
});
