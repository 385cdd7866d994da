import { describe, expect, test } from "bun:test";
import { changedSettings } from "../../../src/domain/source/changed-settings.ts";
import {
  SOURCE_DEFAULTS,
  type SourceSettings,
} from "../../../src/domain/source/source.ts";

const before: SourceSettings = {
  ...SOURCE_DEFAULTS,
  name: "weather",
  baseUrl: "https://api.example",
  keyTemplate: "/{{path*}}",
  defaultHeaders: { Authorization: "hunter2", Accept: "text/plain" },
};
const changesOf = (changes: Partial<SourceSettings>) =>
  changedSettings(before, { ...before, ...changes });

describe("changedSettings()", () => {
  test("names nothing where nothing changed, however it is written", () => {
    const defaultHeaders = { Accept: "text/plain", Authorization: "hunter2" };
    const rateLimit = { perMinute: 5, burst: undefined };

    expect(changesOf({ defaultHeaders, rateLimit })).toEqual({ fields: [] });
  });

  test("names each changed field as clients do", () => {
    const changes = changesOf({
      ttlMillis: 1,
      staleWhileRevalidateMillis: 2,
      staleIfErrorMillis: 3,
      notModifiedIsFree: true,
      maxQueue: 4,
    });

    expect(changes).toEqual({
      fields: [
        "cache_ttl_s",
        "stale_while_revalidate_s",
        "stale_if_error_s",
        "not_modified_is_free",
        "max_queue",
      ].toSorted((a, b) => changes.fields.indexOf(a) - changes.fields.indexOf(b)),
    });
    expect(changes.fields).toHaveLength(5);
  });

  test("tells where calls go and how many, before and after", () => {
    const rateLimit = { perMinute: 60, burst: 2, perDay: 1_000 };

    expect(changesOf({ baseUrl: "https://b.example", rateLimit })).toEqual({
      fields: ["base_url", "rate_limit"],
      base_url: { from: "https://api.example", to: "https://b.example" },
      rate_limit: {
        from: { per_minute: 5 },
        to: { per_minute: 60, burst: 2, per_day: 1_000 },
      },
    });
  });

  test("tells of a secret only that it changed", () => {
    const changes = changesOf({
      defaultHeaders: { Authorization: "hunter3" },
      defaultQuery: { key: "hunter4" },
    });

    expect(changes).toEqual({ fields: ["default_headers", "default_query"] });
  });
});
