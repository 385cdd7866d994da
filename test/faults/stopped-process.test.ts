import { describe, expect, test } from "bun:test";
import { busMembers } from "../adapters/postgres/bus-member.ts";
import { movingClock, someTry } from "../support/moving-clock.ts";
import { testDatabase } from "../support/postgres.ts";
import { eventually } from "../support/service.ts";

const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

describe("ChangeBus.acknowledged() with a process that is stopped", () => {
  test("counts it within about a second, and it catches up when it goes on", async () => {
    await using database = await testDatabase();
    await using group = await busMembers(database.url, 4);
    const [first, second] = group.members;
    if (first === undefined || second === undefined) throw new Error("Expected members");

    second.signal("SIGSTOP");
    const told = await someTry(
      () => first.log("one"),
      ({ unreached, millis }) => unreached === 1 && millis < 1_500,
    );
    expect(told).toMatchObject({ unreached: 1 });
    expect(told.millis).toBeLessThan(1_500);
    const heard = () =>
      group.members.map(({ applied }) => applied.some(({ seq }) => seq === told.seq));
    await eventually(
      async () => heard().filter(Boolean).length,
      (count) => count === 3,
    );
    expect(heard()).toEqual([true, false, true, true]);

    second.signal("SIGCONT");
    await eventually(
      async () => second.applied.map(({ seq }) => seq),
      (seqs) => seqs.includes(told.seq),
    );
    const next = await someTry(
      () => first.log("two"),
      ({ unreached }) => unreached === 0,
    );
    expect(next).toMatchObject({ unreached: 0 });
  });

  test("no longer waits for one that was silent for some seconds, and still counts it", async () => {
    await using database = await testDatabase();
    await using group = await busMembers(database.url, 2);
    const [first, second] = group.members;
    if (first === undefined || second === undefined) throw new Error("Expected members");

    second.signal("SIGSTOP");
    await pause(7_500);
    const told = await someTry(
      () => first.log("later"),
      ({ millis }) => millis < 300,
    );

    expect(told).toMatchObject({ unreached: 1 });
    expect(told.millis).toBeLessThan(300);
  }, 120_000);

  test("tells one that was stopped for over 30 seconds to forget everything", async () => {
    await using database = await testDatabase();
    await using group = await busMembers(database.url, 2);
    const [first, second] = group.members;
    if (first === undefined || second === undefined) throw new Error("Expected members");

    second.signal("SIGSTOP");
    await pause(31_500);
    const told = await first.log("silent");
    expect(told).toMatchObject({ unreached: 0 });
    second.signal("SIGCONT");

    await eventually(
      async () => second.lost,
      (lost) => lost.length > 0,
    );
    expect(second.lost[0]).toBeGreaterThanOrEqual(told.seq);
  }, 120_000);
});

describe("ChangeBus.acknowledged() with a process that was killed", () => {
  test("stops waiting for it within 7 seconds", async () => {
    await using database = await testDatabase();
    await using group = await busMembers(database.url, 3);
    const [first, second] = group.members;
    if (first === undefined || second === undefined) throw new Error("Expected members");

    second.signal("SIGKILL");
    await second.exited;
    using clock = movingClock();
    await eventually(
      () => first.log(crypto.randomUUID()),
      ({ millis }) => millis < 300,
    );

    expect(clock.now()).toBeLessThan(8_000);
  }, 120_000);
});
