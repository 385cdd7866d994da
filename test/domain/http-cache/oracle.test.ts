/**
 * The npm package `http-cache-semantics` as an oracle: what it and we answer to the same
 * random exchanges, as far as both follow RFC 9111. Where we differ on purpose:
 *
 * | it | we | because |
 * | --- | --- | --- |
 * | `proxy-revalidate` makes a shared lifetime 0 | as long as said, never stale | §5.2.2.8 speaks of stale ones only |
 * | `Set-Cookie` without `public` makes it 0 | as long as said | §7.3 leaves it to the origin |
 * | `immutable` alone makes it a day | says nothing to us | RFC 8246 §2 speaks of fresh ones |
 * | `no-cache="a"` is `no-cache` | the field is not stored | §5.2.2.4, the qualified form |
 * | any duplicate makes it stale | the first counts | §4.2.1 allows both |
 * | more than a day by heuristic | a day at most | §4.2.2 leaves it open; a guess should not last |
 * | `Date` is not looked at for the age | `apparent_age` | §4.2.3 |
 * | `Pragma: no-cache` in a response counts | does not | §5.4 speaks of requests |
 * | statuses it doesn't know are not stored | are, with explicit freshness | §3 asks for that with `must-understand` only |
 * | `Vary: *` is stored and never fresh | not stored | §4.1, it could select nothing |
 * | `must-revalidate` asks the origin each time | once it is stale | §5.2.2.2 |
 * | `max-stale` is heard beside `s-maxage` and `no-cache` | is not | §5.2.2.10, §5.2.2.4 |
 * | `max-stale=n` at exactly n seconds: no | yes | §5.2.1.2, "no more than" |
 * | a strong 304 freshens what has the weak tag | does not | §4.3.4 |
 * | a 304 without validators freshens only what has none | the only one asked about | see `freshenedBy` |
 * | a 206 is not stored | one range of a GET is | §3.3, §3.4 |
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import CachePolicy from "http-cache-semantics";
import type { HeaderList } from "../../../src/domain/entry/entry.ts";
import { httpDate } from "../../../src/domain/http-cache/http-date.ts";
import { reusePlan } from "../../../src/domain/http-cache/reuse.ts";
import { mayStore } from "../../../src/domain/http-cache/storing.ts";
import { conditionsFor, freshenedBy } from "../../../src/domain/http-cache/validation.ts";
import { NOON, SECOND, stored } from "./stored.ts";

const URL_OF = "https://a.example/x";
const RUNS = { numRuns: 2_000 };

class Oracle extends CachePolicy {
  at = NOON;
  now() {
    return this.at ?? NOON;
  }
}

function oracle(asked: HeaderList, headers: HeaderList, status: number) {
  const request = { method: "GET", url: URL_OF, headers: record(asked) };
  return new Oracle(request, { status, headers: record(headers) });
}

function record(headers: HeaderList) {
  return Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]));
}

const seconds = fc.oneof(fc.nat(5), fc.nat(5_000), fc.constant(2_147_483_648));
const status = fc.constantFrom(
  200,
  203,
  204,
  300,
  301,
  302,
  303,
  307,
  308,
  404,
  405,
  410,
  501,
);

const flag = (name: string) => fc.constant(name);
const directives = fc
  .uniqueArray(
    fc.oneof(
      ...["public", "private", "no-store", "no-cache", "must-revalidate", "x-other"].map(
        flag,
      ),
      ...["max-age", "s-maxage"].map((name) => seconds.map((age) => `${name}=${age}`)),
    ),
    { selector: (text) => text.split("=")[0], maxLength: 4 },
  )
  .map((list) => list.join(", "));

const optional = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<HeaderList> =>
  fc.oneof(
    fc.constant([]),
    value.map((text) => [[name, text]] as const),
  );
const near = fc.integer({ min: -5_000, max: 5_000 });
const response = fc
  .tuple(
    optional("Cache-Control", directives),
    optional("Date", fc.constant(httpDate(NOON))),
    optional("Age", fc.nat(4_000).map(String)),
    optional(
      "Expires",
      near.map((after) => httpDate(NOON + after * SECOND)),
    ),
    // Tenths of it are whole seconds, and less than a day.
    optional(
      "Last-Modified",
      fc.nat(80_000).map((before) => httpDate(NOON - before * 10 * SECOND)),
    ),
  )
  .map((fields) => fields.flat());

const authorization = optional("Authorization", fc.constant("x"));

describe("as http-cache-semantics does", () => {
  test("we store", () => {
    fc.assert(
      fc.property(authorization, response, status, (asked, headers, code) => {
        const ours = mayStore({
          request: { method: "GET", url: URL_OF, headers: asked },
          response: { status: code, headers },
          isComplete: true,
        });

        expect(ours._tag === "Storable").toBe(oracle(asked, headers, code).storable());
      }),
      RUNS,
    );
  });

  test("we count what is left of a lifetime, and the age", () => {
    fc.assert(
      fc.property(response, status, fc.nat(5_000), (headers, code, after) => {
        const theirs = oracle([], headers, code);
        fc.pre(theirs.storable());
        theirs.at = NOON + after * SECOND;
        const { storedAt, freshUntil } = stored(headers, { status: code }).lifetime;

        expect((theirs.at - storedAt) / SECOND).toBe(theirs.age());
        expect((freshUntil - storedAt) / SECOND).toBe(theirs.maxAge());
        expect(theirs.at >= freshUntil).toBe(theirs.stale());
      }),
      RUNS,
    );
  });

  test("we serve what a client asks for, and else ask the origin", () => {
    const wishes = fc
      .uniqueArray(
        fc.oneof(
          flag("no-cache"),
          ...["max-age", "min-fresh", "max-stale"].map((name) =>
            fc.integer({ min: 1, max: 3_000 }).map((age) => `${name}=${age}`),
          ),
        ),
        { selector: (text) => text.split("=")[0], maxLength: 2 },
      )
      .map((list) => list.join(", "));
    fc.assert(
      fc.property(
        optional("Cache-Control", wishes),
        response,
        fc.nat(5_000),
        (asked, headers, after) => {
          const theirs = oracle([], headers, 200);
          const said = record(headers)["cache-control"] ?? "";
          const asks = record(asked)["cache-control"] ?? "";
          fc.pre(theirs.storable() && !/s-maxage|must-revalidate|no-cache/.test(said));
          fc.pre(!(asks.includes("min-fresh") && asks.includes("max-stale")));
          // Half a second on no edge is met.
          theirs.at = NOON + after * SECOND + 500;
          const plan = reusePlan({
            request: { method: "GET", headers: asked },
            stored: [stored(headers)],
            now: theirs.at,
            honoursRefresh: true,
            staleIfErrorMillis: 0,
          });

          const request = { method: "GET", url: URL_OF, headers: record(asked) };
          expect(plan._tag === "Serve").toBe(
            theirs.satisfiesWithoutRevalidation(request),
          );
        },
      ),
      RUNS,
    );
  });

  test("we choose by Vary", () => {
    const value = fc.option(fc.constantFrom("1", "2", "a b"), { nil: undefined });
    const fields = (foo: string | undefined, bar: string | undefined): HeaderList => [
      ...(foo === undefined ? [] : [["Foo", foo] as const]),
      ...(bar === undefined ? [] : [["Bar", bar] as const]),
    ];
    const vary = fc.constantFrom("Foo", "foo, Bar", "Other", "FOO,BAR");
    fc.assert(
      fc.property(vary, value, value, value, value, (names, foo, bar, foo2, bar2) => {
        const headers: HeaderList = [
          ["Cache-Control", "max-age=60"],
          ["Vary", names],
        ];
        const asked = fields(foo, bar);
        const presented = fields(foo2, bar2);
        const plan = reusePlan({
          request: { method: "GET", headers: presented },
          stored: [stored(headers, { asked })],
          now: NOON,
          honoursRefresh: true,
          staleIfErrorMillis: 0,
        });

        const request = { method: "GET", url: URL_OF, headers: record(presented) };
        expect(plan._tag === "Serve").toBe(
          oracle(asked, headers, 200).satisfiesWithoutRevalidation(request),
        );
      }),
      RUNS,
    );
  });

  test("we validate, and know what a 304 is about", () => {
    const tag = fc.constantFrom('"a"', '"b"', 'W/"a"');
    const date = fc.constantFrom(httpDate(NOON - SECOND), httpDate(NOON - 9 * SECOND));
    const validators = fc
      .tuple(optional("ETag", tag), optional("Last-Modified", date))
      .map((fields) => fields.flat());
    fc.assert(
      fc.property(validators, validators, (held, came) => {
        const headers: HeaderList = [["Cache-Control", "max-age=0"], ...held];
        const one = stored(headers);
        const theirs = oracle([], headers, 200);
        const request = { method: "GET", url: URL_OF, headers: {} };

        const sent = record(conditionsFor([one], one));
        const asked = theirs.revalidationHeaders(request);
        expect(sent["if-none-match"]).toBe(asked["if-none-match"] as never);
        expect(sent["if-modified-since"]).toBe(asked["if-modified-since"] as never);

        const [ours, reply] = [record(held)["etag"], record(came)["etag"]];
        const isOneStep = ours?.startsWith("W/") === true && reply === '"a"';
        fc.pre(!isOneStep && came.length > 0);
        const { matches } = theirs.revalidatedPolicy(request, {
          status: 304,
          headers: record(came),
        });
        expect(freshenedBy([one], came).length > 0).toBe(matches === true);
      }),
      RUNS,
    );
  });
});
