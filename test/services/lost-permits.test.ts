/** Permits that come too late to be used, and a store that takes its time with them. */
import { describe, expect, test } from "bun:test";
import { Effect, Result } from "effect";
import { awaitPermit } from "../../src/services/quota/await-permit.ts";
import { CallQuota } from "../../src/services/quota/call-quota.ts";
import { takePermits } from "../../src/services/quota/permit.ts";
import { json } from "../support/counting-upstream.ts";
import { timed } from "../support/moving-clock.ts";
import { refreshing } from "./refreshing.ts";

const { service, upstream, sourceWith } = await refreshing();

type Spend = CallQuota["Service"]["spend"];

/** Has `change` in the way of every spending until it is disposed. */
const spending = (change: (spend: Spend) => Spend) =>
  service.run(
    Effect.map(CallQuota, (quota) => {
      const { spend } = quota;
      Object.assign(quota, { spend: change(spend) });
      return { [Symbol.dispose]: () => void Object.assign(quota, { spend }) };
    }),
  );

/** Makes the permits of the spending number `lost` useless, as a process that was stopped finds them. */
const losing = (lost: number) => {
  let spent = 0;
  return spending(
    (spend): Spend =>
      (...asked) =>
        Effect.map(spend(...asked), (one) => {
          spent += 1;
          return spent === lost ? { ...one, notAfter: one.notAfter - 3_600_000 } : one;
        }),
  );
};

describe("where the store takes longer than its answers are remembered", () => {
  test("who waits is still told that no call is free, and asks no more than that", async () => {
    const source = await sourceWith({ rate_limit: { per_minute: 1 } });
    await service.run(takePermits(source.known.source, 1, Effect.succeed));
    let asked = 0;
    using _ = await spending((spend): Spend => (...wanted) => {
      asked += 1;
      return Effect.delay(spend(...wanted), 150);
    });

    const { value: answer, millis } = await timed(service, () =>
      service.run(
        awaitPermit(source.known.source, 1_000).pipe(
          Effect.result,
          Effect.timeout("5 seconds"),
        ),
      ),
    );

    expect(Result.isFailure(answer) && answer.failure._tag).toBe("NoCallFree");
    expect(millis).toBeLessThan(1_000);
    expect(asked).toBe(1);
  });
});

describe("a permit that is lost", () => {
  test("does not end a run by hand: the task is taken again by another call", async () => {
    const source = await sourceWith();
    using _ = await losing(1);

    const ran = await service.send("POST", "/api/v1/tasks/run", {
      source_id: source.id,
      keys: ["/a", "/b"],
    });

    expect(await ran.json()).toMatchObject({
      per_source: { [source.id]: { dequeued: 2, updated: 2, errors: 0 } },
    });
    expect(upstream.calls).toHaveLength(2);
    expect(await source.remaining()).toBe(56);
  });

  test.each([
    ["tries again", json({}, 500)],
    ["follows a redirect", json({}, 302, { location: "/b" })],
  ])("does not end a refresh that %s", async (_what, first) => {
    const source = await sourceWith();
    upstream.answer((...call) =>
      (upstream.calls.length === 1 ? first : json({ n: 2 }))(...call),
    );
    using _ = await losing(2);

    const { outcome } = await source.refresh("/a");

    expect(outcome._tag).toBe("Updated");
    expect(upstream.calls).toHaveLength(2);
    expect(await source.remaining()).toBe(57);
  });
});
