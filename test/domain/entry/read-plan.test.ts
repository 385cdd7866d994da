import { describe, expect, test } from "bun:test";
import type { Entry } from "../../../src/domain/entry/entry.ts";
import { planRead } from "../../../src/domain/entry/read-plan.ts";

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

const hit = { _tag: "Serve", entry, label: "HIT", refresh: false } as const;
const stale = { _tag: "Serve", entry, label: "STALE", refresh: true } as const;

describe("planRead() by default", () => {
  test.each([
    [99, hit],
    [100, stale],
    [199, stale],
    [200, { _tag: "Try", entry }],
    [299, { _tag: "Try", entry }],
    [300, { _tag: "Queue" }],
  ])("at %d", (now, plan) => {
    expect(planRead(entry, "default", now)).toEqual(plan as never);
  });

  test("queues where nothing is stored", () => {
    expect(planRead(undefined, "default", 0)).toEqual({ _tag: "Queue" });
  });
});

describe("planRead() where only the cache may answer", () => {
  test.each([
    [99, hit],
    [100, { ...stale, refresh: false }],
    [200, { ...stale, refresh: false }],
    [299, { ...stale, refresh: false }],
    [300, { _tag: "Refuse" }],
  ])("asks no one: at %d", (now, plan) => {
    expect(planRead(entry, "cache-only", now)).toEqual(plan as never);
  });

  test("refuses where nothing is stored", () => {
    expect(planRead(undefined, "cache-only", 0)).toEqual({ _tag: "Refuse" });
  });
});
