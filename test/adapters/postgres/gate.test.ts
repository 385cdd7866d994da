import { describe, expect, test } from "bun:test";
import {
  type Gate,
  type GateOptions,
  GateShut,
  makeGate,
} from "../../../src/adapters/postgres/gate.ts";

/** Two places, three may wait for them, for long; shut for 500 ms after 3 outages. */
const options = { width: 2, length: 3, waitMillis: 30_000, trip: 3, restMillis: 500 };

function gateAt(changes: Partial<GateOptions> = {}) {
  const clock = { now: 0 };
  const gate = makeGate({ ...options, monotonic: () => clock.now, ...changes });
  return { gate, clock };
}

/** How `entering` stands once all that is under way has settled. */
async function stateOf(entering: Promise<unknown>): Promise<"in" | "waits" | string> {
  const waits = new Promise<string>((resolve) => setImmediate(() => resolve("waits")));
  const settled = entering.then(
    () => "in",
    (error: unknown) => (error instanceof GateShut ? error.message : "other"),
  );
  return Promise.race([settled, waits]);
}

const statesOf = (entering: readonly Promise<unknown>[]) =>
  Promise.all(entering.map(stateOf));

function outages(gate: Gate, count: number) {
  for (let index = 0; index < count; index++) gate.ended("outage");
}

describe("makeGate().enter()", () => {
  test("lets in as many as it is wide, lets as many wait as it is long, refuses the rest", async () => {
    const { gate } = gateAt();

    const entering = Array.from({ length: 6 }, () => gate.enter());

    expect(await statesOf(entering)).toEqual([
      "in",
      "in",
      "waits",
      "waits",
      "waits",
      "too many wait",
    ]);
  });

  test("gives each place that becomes free to who has waited longest", async () => {
    const { gate } = gateAt();
    const leave = await gate.enter();
    await gate.enter();
    const first = gate.enter();
    const second = gate.enter();

    leave();

    expect(await statesOf([first, second])).toEqual(["in", "waits"]);
  });

  test("takes leaving twice for leaving once", async () => {
    const { gate } = gateAt();
    const leave = await gate.enter();
    await gate.enter();
    leave();
    leave();

    expect(await statesOf([gate.enter(), gate.enter()])).toEqual(["in", "waits"]);
  });

  test("keeps no one waiting longer than it may, and gives away no place to who gave up", async () => {
    const { gate } = gateAt({ waitMillis: 20 });
    const leave = await gate.enter();
    await gate.enter();

    expect(gate.enter()).rejects.toThrow("no place in time");
    await expect(gate.enter()).rejects.toThrow(GateShut);
    leave();

    expect(await statesOf([gate.enter(), gate.enter()])).toEqual(["in", "waits"]);
  });
});

describe("makeGate().ended()", () => {
  test("shuts the door at the outage that trips it and not one before", async () => {
    const { gate } = gateAt();

    outages(gate, 2);
    expect(await stateOf(gate.enter())).toBe("in");
    outages(gate, 1);

    expect(await stateOf(gate.enter())).toBe("resting after outages");
  });

  test("counts only outages in a row", async () => {
    const { gate } = gateAt();

    outages(gate, 2);
    gate.ended("answered");
    outages(gate, 2);

    expect(await stateOf(gate.enter())).toBe("in");
  });

  test("turns away who waits when the door shuts", async () => {
    const { gate } = gateAt();
    await gate.enter();
    await gate.enter();
    const waiting = gate.enter();

    outages(gate, 3);

    expect(await stateOf(waiting)).toBe("the store is away");
  });

  test("lets one look when the rest is over, and not one millisecond before", async () => {
    const { gate, clock } = gateAt();
    outages(gate, 3);

    clock.now = 499;
    expect(await stateOf(gate.enter())).toBe("resting after outages");
    clock.now = 500;

    expect(await statesOf([gate.enter(), gate.enter()])).toEqual([
      "in",
      "resting after outages",
    ]);
  });

  test("opens for all once the one that looked was answered", async () => {
    const { gate, clock } = gateAt();
    outages(gate, 3);
    clock.now = 500;
    const leave = await gate.enter();

    gate.ended("answered");
    leave();

    expect(await statesOf([gate.enter(), gate.enter()])).toEqual(["in", "in"]);
  });

  test("rests anew when the one that looked met an outage", async () => {
    const { gate, clock } = gateAt();
    outages(gate, 3);
    clock.now = 500;
    await gate.enter();

    clock.now = 700;
    outages(gate, 1);

    clock.now = 1_199;
    expect(await stateOf(gate.enter())).toBe("resting after outages");
    clock.now = 1_200;
    expect(await stateOf(gate.enter())).toBe("in");
  });

  test("lets another look when the one that looks is never heard of again", async () => {
    const { gate, clock } = gateAt();
    outages(gate, 3);
    clock.now = 500;
    await gate.enter();

    clock.now = 1_000;

    expect(await stateOf(gate.enter())).toBe("in");
  });
});
