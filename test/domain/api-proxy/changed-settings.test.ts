import { describe, expect, test } from "bun:test";
import type { CacheSettings } from "../../../src/domain/api-proxy/cache-settings.ts";
import { storesOtherwise } from "../../../src/domain/api-proxy/changed-settings.ts";

const settings: CacheSettings = {
  name: "a",
  description: undefined,
  cacheActive: true,
  cacheOnlyHttpGetRequests: true,
  cacheKeyType: "CUSTOM",
  cacheStorageType: "LOCAL",
  capacity: 10,
  ttl: 60,
  handlingAction: "STOP",
  invalidationRequiresAuthn: false,
  cacheNullValue: false,
  variableList: [
    { name: "v", dataType: "STRING", from: { type: "HEADER", headerName: "v" } },
  ],
};

describe("storesOtherwise()", () => {
  test.each<Partial<CacheSettings>>([
    { cacheActive: false },
    { cacheOnlyHttpGetRequests: false },
    { cacheKeyType: "QUERY_PARAMS" },
    { cacheStorageType: "DISTRIBUTED" },
    { ttl: 61 },
    { ttl: undefined },
    { cacheNullValue: true },
    { variableList: [] },
  ])("is true for %j", (change) => {
    expect(storesOtherwise(settings, { ...settings, ...change })).toBe(true);
  });

  test.each<Partial<CacheSettings>>([
    {},
    { name: "b" },
    { description: "b" },
    { capacity: 11 },
    { handlingAction: "CONTINUE" },
    { invalidationRequiresAuthn: true },
    // As the store gives it back: in another order of fields.
    {
      variableList: [
        { from: { headerName: "v", type: "HEADER" }, dataType: "STRING", name: "v" },
      ],
    },
  ])("is false for %j", (change) => {
    expect(storesOtherwise(settings, { ...settings, ...change })).toBe(false);
  });

  test("is true for the first ones that are active", () => {
    expect(storesOtherwise(undefined, settings)).toBe(true);
    expect(storesOtherwise(undefined, { ...settings, cacheActive: false })).toBe(false);
  });
});
