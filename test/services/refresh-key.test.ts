import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { holdMillis } from "../../src/domain/quota/rate-limit.ts";
import { monotonicMillis, takePermit } from "../../src/services/quota/permit.ts";
import { readyToCall } from "../../src/services/refresh/call-upstream.ts";
import { type Answer, json } from "../support/counting-upstream.ts";
import { someTry, timed } from "../support/moving-clock.ts";
import { testService } from "../support/service.ts";
import { refreshedSource, refreshing, textOf } from "./refreshing.ts";

const { service, upstream, sourceWith } = await refreshing();

/** Each call gets the next answer, the last one for good. */
function answers(...list: readonly Answer[]) {
  let call = 0;
  upstream.answer((request, response) => {
    const answer = list[Math.min(call++, list.length - 1)];
    answer?.(request, response);
  });
}
const status = (code: number, headers: Record<string, string> = {}) =>
  json({}, code, headers);
const redirect = (location: string) => status(302, { location });

describe("refreshKey()", () => {
  test("takes an answer with one call", async () => {
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a%20b/c");

    expect(outcome).toMatchObject({
      _tag: "Updated",
      entry: { key: "/a%20b/c", status: 200, params: { path: "a b/c" } },
    });
    expect(textOf(outcome.entry)).toBe('{"n":1}');
    expect(upstream.calls.map(({ target }) => target)).toEqual(["/a%20b/c"]);
    expect(await source.remaining()).toBe(59);
  });

  test("sends the source's own headers and query, and fills no parameter the key has", async () => {
    const source = await sourceWith({
      key_template: "/a?city={{city}}&unit={{unit}}",
      default_headers: { "X-Api-Key": "secret-key", Accept: "text/csv" },
      default_query: { unit: "F", appid: "secret-query" },
    });

    await source.refresh("/a?city=Oslo&unit=C");

    const [call] = upstream.calls;
    expect(call?.headers).toMatchObject({
      "x-api-key": "secret-key",
      accept: "text/csv",
    });
    const query = new URLSearchParams(call?.target.split("?")[1]);
    expect(Object.fromEntries(query)).toEqual({
      city: "Oslo",
      unit: "C",
      appid: "secret-query",
    });
  });

  test.each([500, 408, 503])(
    "tries three times within 5 seconds where the upstream answers %d, each with a call",
    async (code) => {
      upstream.answer(status(code));
      const source = await sourceWith();

      const { value: answer, millis } = await timed(service, () => source.refresh("/a"));

      expect(millis).toBeLessThan(5_000);
      expect(answer.outcome).toMatchObject({
        _tag: "Failed",
        error: { code: "UPSTREAM_STATUS" },
      });
      expect(upstream.calls).toHaveLength(3);
      expect(await source.remaining()).toBe(57);
    },
  );

  test("takes the answer of a later attempt", async () => {
    answers(status(500), (request) => request.socket.destroy(), json({ n: 3 }));
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(textOf(outcome.entry)).toBe('{"n":3}');
    expect(await source.remaining()).toBe(57);
  });

  test("tries only as often as calls are free, and tells of the failure that was", async () => {
    upstream.answer(status(500));
    const source = await sourceWith({ rate_limit: { per_minute: 2 } });

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ _tag: "Failed", error: { code: "UPSTREAM_STATUS" } });
    expect(upstream.calls).toHaveLength(2);
  });

  test("starts no attempt once 5 seconds are over", async () => {
    answers(status(500), () => {});
    const source = await sourceWith({ timeout_ms: 5_000 });

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ error: { code: "UPSTREAM_TIMEOUT" } });
    expect(upstream.calls).toHaveLength(2);
  }, 60_000);

  test.each([
    [400, "UPSTREAM_STATUS"],
    [401, "UPSTREAM_UNAUTHORIZED"],
    [403, "UPSTREAM_UNAUTHORIZED"],
    [418, "UPSTREAM_STATUS"],
    [201, "UPSTREAM_STATUS"],
    [206, "UPSTREAM_STATUS"],
    [304, "UPSTREAM_STATUS"],
  ])("fails at once where the upstream answers %d", async (code, error) => {
    upstream.answer(status(code));
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ _tag: "Failed", error: { code: error } });
    expect(upstream.calls).toHaveLength(1);
  });

  test.each([
    ["a body over the limit", json("x".repeat(5_000)), "BODY_TOO_LARGE"],
    [
      "JSON that does not parse",
      ((_, response) => {
        response.setHeader("content-type", "application/json");
        response.end('{"n":');
      }) satisfies Answer,
      "BODY_INVALID",
    ],
    [
      "a content coding that it has not",
      status(200, { "content-encoding": "gzip" }),
      "BODY_INVALID",
    ],
  ])("fails at once for %s", async (_, answer, code) => {
    upstream.answer(answer);
    const source = await sourceWith({ max_body_bytes: 4_096 });

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ _tag: "Failed", error: { code } });
    expect(upstream.calls).toHaveLength(1);
  });

  test.each([
    [404, '{"no":"such city"}'],
    [410, '{"no":"such city"}'],
    [200, '{"no":"such city"}'],
    [203, '{"no":"such city"}'],
  ])("takes %d for an answer", async (code, body) => {
    upstream.answer(json({ no: "such city" }, code));
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ _tag: "Updated", entry: { status: code } });
    expect(textOf(outcome.entry)).toBe(body);
  });

  test("takes 204 for null", async () => {
    upstream.answer((_, response) => response.writeHead(204).end());
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(textOf(outcome.entry)).toBe("null");
  });

  test("asks again with the validators, and a 304 renews what is stored", async () => {
    const lastModified = "Sun, 06 Nov 1994 08:49:37 GMT";
    answers(
      json({ n: 1 }, 200, { etag: '"up"', "last-modified": lastModified }),
      status(304),
    );
    const source = await sourceWith({ cache_ttl_s: 60 });
    const first = await source.claim("/a");
    await source.run(first);
    const stored = await source.stored("/a");

    const { outcome } = await source.refresh("/a");

    expect(upstream.calls[1]?.headers).toMatchObject({
      "if-none-match": '"up"',
      "if-modified-since": lastModified,
    });
    expect(outcome).toMatchObject({ _tag: "NotModified", etag: stored.etag });
    expect(outcome.lifetime.freshUntil - outcome.lifetime.storedAt).toBe(60_000);
    expect(outcome.headers).toContainEqual(["last-modified", lastModified]);
    expect(await source.remaining()).toBe(58);
  });

  test("gives the call of a 304 back where the source says that it is free", async () => {
    answers(json({ n: 1 }, 200, { etag: '"up"' }), status(304));
    const source = await sourceWith({ not_modified_is_free: true });
    await source.run(await source.claim("/a"));

    const { outcome } = await source.refresh("/a");

    expect(outcome._tag).toBe("NotModified");
    expect(await source.remaining()).toBe(59);
  });

  test("asks for a negative entry without a condition", async () => {
    upstream.answer(json({}, 404, { etag: '"gone"' }));
    const source = await sourceWith();
    await source.run(await source.claim("/a"));

    await source.refresh("/a");

    expect(upstream.calls[1]?.headers["if-none-match"]).toBeUndefined();
  });

  test("follows a redirect in the origin with a call of its own", async () => {
    answers(redirect("/moved?x=1"), json({ n: 2 }));
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(textOf(outcome.entry)).toBe('{"n":2}');
    expect(outcome.entry.key).toBe("/a");
    expect(upstream.calls.map(({ target }) => target)).toEqual(["/a", "/moved?x=1"]);
    expect(await source.remaining()).toBe(58);
  });

  test.each([
    ["http://elsewhere.test/"],
    ["https://127.0.0.1/"],
    ["//elsewhere.test/a"],
    ["ftp://127.0.0.1/"],
  ])("refuses a redirect to %s and calls nobody", async (location) => {
    upstream.answer(redirect(location));
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({
      _tag: "Failed",
      error: { code: "REDIRECT_REFUSED" },
    });
    expect(upstream.calls).toHaveLength(1);
  });

  test("follows three redirects and no fourth, and does not begin anew", async () => {
    upstream.answer(redirect("/again"));
    const source = await sourceWith();

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({
      _tag: "Failed",
      error: { code: "REDIRECT_REFUSED" },
    });
    expect(upstream.calls).toHaveLength(4);
    expect(await source.remaining()).toBe(56);
  });

  test("waits for a call to follow a redirect with", async () => {
    // A first call that the upstream hears of late seems to come just before the second.
    const millis = await someTry(
      async () => {
        upstream.calls.length = 0;
        answers(redirect("/moved"), json({ n: 2 }));
        const rate_limit = { per_minute: 60, per_second: 1 };
        const source = await sourceWith({ rate_limit });

        const { outcome } = await source.refresh("/a");

        const [first, second] = upstream.calls;
        expect(outcome._tag).toBe("Updated");
        return (second?.at ?? 0) - (first?.at ?? 0);
      },
      (between) => between >= 1_000,
    );
    expect(millis).toBeGreaterThanOrEqual(1_000);
  });

  test.each([429, 503])(
    "pauses the whole source for a %d that says when",
    async (code) => {
      upstream.answer(status(code, { "retry-after": "120" }));
      const source = await sourceWith();
      const before = Date.now();

      const { outcome } = await source.refresh("/a");

      const after = Date.now();
      expect(outcome).toEqual({ _tag: "Postponed" });
      expect(upstream.calls).toHaveLength(1);
      expect(await source.remaining()).toBe(0);
      expect(await source.cooldownUntil()).toBeWithin(before + 119_000, after + 121_000);
    },
  );

  test("pauses for 30 seconds for a 429 that says nothing", async () => {
    upstream.answer(status(429));
    const source = await sourceWith();
    const before = Date.now();

    await source.refresh("/a");

    const after = Date.now();
    expect(await source.cooldownUntil()).toBeWithin(before + 29_500, after + 30_500);
  });

  test("spends no call on an upstream that can't be reached", async () => {
    const source = await refreshedSource(service, "http://127.0.0.1:1");

    const { outcome } = await source.refresh("/a");

    expect(outcome).toMatchObject({ error: { code: "UPSTREAM_UNREACHABLE" } });
    expect(await source.remaining()).toBe(60);
  });

  test("tells of no secret when it fails", async () => {
    upstream.answer((request) => request.socket.destroy());
    const source = await sourceWith({
      default_headers: { "X-Api-Key": "secret-key" },
      default_query: { appid: "secret-query" },
    });

    const { outcome } = await source.refresh("/a");

    expect(JSON.stringify(outcome)).not.toContain("secret");
  });

  test("does not use a permit whose time is over: it is forfeit, and spent all the same", async () => {
    const source = await sourceWith();
    const late = Effect.gen(function* () {
      const { connection, permit } = yield* readyToCall(source.known);
      const usableUntil = (yield* monotonicMillis) - 1;
      return { connection, permit: { ...permit, usableUntil } };
    });

    await expect(source.refresh("/a", late)).rejects.toThrow("no call is free");

    expect(upstream.calls).toHaveLength(0);
    expect(await source.remaining()).toBe(59);
  });

  test("forfeits no permit for the time that others held the budget", async () => {
    await using brief = await testService({
      worker: "off",
      address: service.address,
      briefPermits: true,
    });
    const source = await sourceWith();
    const { source: limited } = source.known;
    await source.refresh("/first");
    const locked = Promise.withResolvers<void>();
    const holding = service.sql.begin(async (sql) => {
      await sql`select 1 from quotas where source_id = ${source.id} for update`;
      locked.resolve();
      await sql`select pg_sleep(0.4)`;
      return brief.run(monotonicMillis);
    });
    await locked.promise;

    const permit = await brief.run(takePermit(limited));

    const heldUntil = await holding;
    expect(permit.usableUntil - holdMillis(limited.rateLimit)).toBeGreaterThan(heldUntil);
    expect(await source.remaining()).toBe(58);
  });
});
