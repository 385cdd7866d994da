import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../src/domain/entry/entry.ts";
import {
  planRead,
  type Reach,
  type ReadMode,
  type ReadPlan,
} from "../../../src/domain/entry/read-plan.ts";

/** Fresh until 100, stale until 200, a fallback until 300. */
const entry: Entry = {
  space: "s1",
  key: "/a",
  status: 200,
  headers: [],
  contentType: "application/json",
  encoding: "json",
  body: new Uint8Array(),
  etag: 'W/"a"',
  params: {},
  lifetime: { storedAt: 0, freshUntil: 100, staleUntil: 200, fallbackUntil: 300 },
  requestAt: 0,
  responseAt: 0,
};

const mode = (reach: Reach, waits: boolean): ReadMode => ({ reach, waits });

const queue = { _tag: "Queue" } as const;
const refuse = { _tag: "Refuse" } as const;
const serve = (label: "HIT" | "STALE", refresh: boolean) =>
  ({ _tag: "Serve", entry, label, refresh }) as const;
const fetch = (
  how: "try" | "call" | "wait",
  label: "MISS" | "BYPASS",
  otherwise: ReturnType<typeof serve> | typeof queue,
) => ({ _tag: "Fetch", how, label, otherwise }) as const;

type Row = readonly [
  reach: Reach,
  waits: boolean,
  fresh: ReadPlan,
  stale: ReadPlan,
  fallback: ReadPlan,
  absent: ReadPlan,
];

const hit = serve("HIT", false);
const stale = serve("STALE", true);
const still = serve("STALE", false);
const tried = fetch("try", "MISS", stale);
const awaited = fetch("wait", "MISS", stale);
const hitAndAsk = serve("HIT", true);

/** The table of contract §5, column for column, with every combination of the two headers. */
const table: readonly Row[] = [
  ["default", false, hit, stale, tried, queue],
  ["default", true, hit, awaited, awaited, fetch("wait", "MISS", queue)],
  ["cache-only", false, hit, still, still, refuse],
  ["cache-only", true, hit, still, still, refuse],
  [
    "bypass",
    false,
    fetch("call", "BYPASS", hitAndAsk),
    fetch("call", "BYPASS", stale),
    fetch("call", "BYPASS", stale),
    fetch("call", "BYPASS", queue),
  ],
  [
    "bypass",
    true,
    fetch("wait", "BYPASS", hitAndAsk),
    fetch("wait", "BYPASS", stale),
    fetch("wait", "BYPASS", stale),
    fetch("wait", "BYPASS", queue),
  ],
];

const columns = [
  ["fresh", 0, 99],
  ["stale", 100, 199],
  ["fallback", 200, 299],
  ["expired", 300, 301],
] as const;

describe.each(table)("planRead() of a %s read, waiting: %p", (reach, waits, ...plans) => {
  test.each(columns)("finds the entry %s from %d to %d", (freshness, first, last) => {
    const plan = plans[columns.findIndex(([name]) => name === freshness)];
    expect(planRead(entry, mode(reach, waits), first)).toEqual(plan as never);
    expect(planRead(entry, mode(reach, waits), last)).toEqual(plan as never);
  });

  test("takes an expired entry for none", () => {
    const none = planRead(undefined, mode(reach, waits), 0);
    expect(none).toEqual(planRead(entry, mode(reach, waits), 300));
  });
});
