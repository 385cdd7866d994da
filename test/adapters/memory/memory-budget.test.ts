import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { layer, MemoryBudget } from "../../../src/adapters/memory/memory-budget.ts";

/** A budget of 100 bytes, and what was dropped for want of room. */
async function budgetOf() {
  const budget = await Effect.runPromise(
    Effect.provide(Effect.flatMap(MemoryBudget, Effect.succeed), layer(100)),
  );
  const dropped: string[] = [];
  const kept = (name: string, bytes: number) => ({
    bytes,
    drop: () => void dropped.push(name),
  });
  return { budget, dropped, kept };
}

describe("MemoryBudget", () => {
  test("takes room from what was used least lately, as much as is needed", async () => {
    const { budget, dropped, kept } = await budgetOf();
    const [a, b, c] = [kept("a", 40), kept("b", 40), kept("c", 20)];
    for (const one of [a, b, c]) expect(budget.take(one)).toBe(true);
    expect([dropped, budget.bytes()]).toEqual([[], 100]);

    budget.use(a);
    budget.take(kept("d", 60));

    expect(dropped).toEqual(["b", "c"]);
    expect(budget.bytes()).toBe(100);
  });

  test("has no room for what is larger than all of it, and drops nothing for that", async () => {
    const { budget, dropped, kept } = await budgetOf();
    budget.take(kept("a", 100));

    expect(budget.take(kept("b", 101))).toBe(false);
    expect([dropped, budget.bytes()]).toEqual([[], 100]);
  });

  test("gets back once what is forgotten, and forgets its order", async () => {
    const { budget, dropped, kept } = await budgetOf();
    const a = kept("a", 60);
    budget.take(a);

    budget.giveBack(a);
    budget.giveBack(a);
    budget.use(a);
    expect(budget.bytes()).toBe(0);
    budget.take(kept("b", 100));

    expect(dropped).toEqual([]);
    expect(budget.bytes()).toBe(100);
  });
});
