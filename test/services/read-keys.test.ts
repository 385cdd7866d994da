import { describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { MAX_KEY_LENGTH } from "../../src/domain/source/cache-key.ts";
import { parseKeyTemplate } from "../../src/domain/source/key-template.ts";
import { type KeyItem, keysOf } from "../../src/services/source/read-keys.ts";
import type { KnownSource } from "../../src/services/source/source-directory.ts";
import { someTry } from "../support/moving-clock.ts";

function sourceWith(keyTemplate: string): KnownSource {
  const template = parseKeyTemplate(keyTemplate);
  if (template._tag === "Refused") throw new Error(template.reason);
  // Safe because nothing but the template is looked at.
  return { template } as KnownSource;
}

const weather = sourceWith("/weather/{{city}}");
const read = (items: readonly KeyItem[], known = weather) =>
  Effect.runPromise(Effect.result(keysOf(known, items, "keys")));

/** How often the event loop goes round while `work` runs. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isOver = true;
  return turns;
}

describe("keysOf()", () => {
  test("gives the keys in their order, with their duplicates, however many turns it takes", async () => {
    const items = Array.from({ length: 10_000 }, (_, index) =>
      index % 2 === 0 ? { city: ` ${index % 100}` } : `weather//${index % 100}`,
    );

    const keys = await read(items);

    expect(Result.getOrThrow(keys)).toEqual(
      items.map((_, index) => `/weather/${index % 2 === 0 ? "%20" : ""}${index % 100}`),
    );
  });

  test.each<[string, KeyItem]>([
    ["params", { city: " ".repeat(600) }],
    ["keys", `/weather/a${" ".repeat(600)}b`],
  ])("lets the event loop go round among 10,000 long %s", async (_, item) => {
    const items = Array.from({ length: 10_000 }, () => item);

    const turns = await turnsDuring(() => read(items));

    expect(turns).toBeGreaterThan(300);
  });

  test.each<[string, KeyItem]>([
    ["a key", `/weather/${" ".repeat(10_000_000)}x`],
    ["a key of escapes", `/weather/${"%2F".repeat(3_000_000)}`],
    ["slashes", "/".repeat(10_000_000)],
    ["a param", { city: " ".repeat(10_000_000) }],
  ])("refuses %s of 10 MB without spelling it", async (_, item) => {
    const { keys, millis } = await someTry(
      async () => {
        const startedAt = performance.now();
        const keys = await read([item]);
        return { keys, millis: performance.now() - startedAt };
      },
      ({ millis }) => millis < 250,
    );

    expect(millis).toBeLessThan(250);
    expect(Result.isFailure(keys) && keys.failure.problems).toMatchObject([
      { field: "keys[0]" },
    ]);
  });

  test("refuses params that are too long together, naming the one that is too much", async () => {
    const city = "a".repeat(1_500);
    const two = sourceWith("/{{a}}/{{b}}");

    const keys = await read([{ a: city, b: city }], two);

    expect(Result.isFailure(keys) && keys.failure.problems).toEqual([
      { field: "keys[0]", message: "b: Makes the key longer than 2048 bytes" },
    ]);
  });

  test("takes a key of 2,048 bytes that is written with three characters for each", async () => {
    const open = sourceWith("/{{path*}}");
    const written = (count: number) => `/${"%61".repeat(count)}`;

    const fits = await read([written(2_047)], open);
    const [longest, longer] = [2_047, 2_048].map((count) => written(count).length);

    expect(Result.getOrThrow(fits)).toEqual([`/${"a".repeat(2_047)}`]);
    expect(longest).toBeLessThanOrEqual(MAX_KEY_LENGTH);
    expect(longer).toBeGreaterThan(MAX_KEY_LENGTH);
  });
});
