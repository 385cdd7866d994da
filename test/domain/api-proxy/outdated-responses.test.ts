import { describe, expect, test } from "bun:test";
import type { CacheSettings } from "../../../src/domain/api-proxy/cache-settings.ts";
import {
  outdatedByEndpoint,
  outdatedBySettings,
} from "../../../src/domain/api-proxy/outdated-responses.ts";

const active: CacheSettings = {
  name: "a",
  description: undefined,
  cacheActive: true,
  cacheOnlyHttpGetRequests: true,
  cacheKeyType: "QUERY_PARAMS",
  cacheStorageType: "LOCAL",
  capacity: 10,
  ttl: 60,
  handlingAction: "STOP",
  invalidationRequiresAuthn: false,
  cacheNullValue: false,
  variableList: [],
};
const inactive = { ...active, cacheActive: false };

const ofProxy = { _tag: "Matching", spaces: ["g3"], prefix: "p " } as const;
const ofEndpoint = { _tag: "Matching", spaces: ["g3"], prefix: "e7 " } as const;

describe("outdatedByEndpoint()", () => {
  test("is what the proxy's settings stored, and what those of the endpoint did", () => {
    expect(outdatedByEndpoint({ id: 3 }, undefined)).toEqual([ofProxy]);
    expect(outdatedByEndpoint({ id: 3 }, { id: 7 })).toEqual([ofProxy, ofEndpoint]);
  });
});

describe("outdatedBySettings()", () => {
  const proxy = { id: 3, settings: active };
  const endpoint = (settings: CacheSettings | undefined) => ({ id: 7, settings });

  test("is nothing where nothing would be stored otherwise", () => {
    const renamed = { ...active, name: "b" };

    expect(outdatedBySettings(proxy, undefined, renamed)).toEqual([]);
    expect(outdatedBySettings(proxy, endpoint(active), renamed)).toEqual([]);
    expect(outdatedBySettings(proxy, endpoint(undefined), inactive)).toEqual([]);
  });

  test("is what those settings stored, of the proxy or of the endpoint", () => {
    const longer = { ...active, ttl: 61 };

    expect(outdatedBySettings(proxy, undefined, longer)).toEqual([ofProxy]);
    expect(outdatedBySettings(proxy, undefined, inactive)).toEqual([ofProxy]);
    expect(outdatedBySettings(proxy, endpoint(active), longer)).toEqual([ofEndpoint]);
  });

  test("is the proxy's too where the endpoint's come into force, or go out of it", () => {
    const both = [ofEndpoint, ofProxy];

    expect(outdatedBySettings(proxy, endpoint(undefined), active)).toEqual(both);
    expect(outdatedBySettings(proxy, endpoint(inactive), active)).toEqual(both);
    expect(outdatedBySettings(proxy, endpoint(active), inactive)).toEqual(both);
  });
});
