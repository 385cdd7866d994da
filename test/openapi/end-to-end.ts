/**
 * The end-to-end tests once more, with Prism in front of every API that they start: no
 * answer that is not as described, and no request either, but for bad ones that the API
 * refuses (4xx).
 *
 * Prism reads every body whole and writes it anew, so what is about bytes and streams is
 * shown in `test/http/` alone.
 *
 * @module
 */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { runClears } from "../end-to-end/clearing.ts";
import { runInvalidations } from "../end-to-end/invalidation.ts";
import { sharedDatabase } from "../end-to-end/places.ts";
import { launch, type RunningProcess } from "../end-to-end/processes.ts";
import type { Seen, Violation } from "./fronts.ts";
import { environment, folder } from "./tools.ts";

/** The tests that go through Prism as they are. */
const through = [
  "client-address",
  "flow",
  "idempotency",
  "reading",
  "shared-folder",
  "stopping-waits",
  "waiting",
];

/** The others, and why. They ask for nothing that is not asked for by those either. */
const leftOut = {
  clearing: "is done below, by fewer trials",
  invalidation: "is done below, by fewer trials",
  "crash-recovery": "kills what it talks to in the middle of an answer",
  "lost-counts": "kills what it talks to in the middle of an answer",
  "gateway-quota": "asks the data plane, which answers what upstreams say",
  "gateway-requests": "asks the data plane, over raw sockets",
  "gateway-streams": "asks the data plane, for streams without end",
  "gateway-upstreams": "asks the data plane, over raw sockets",
  outage: "kills what it talks to in the middle of an answer",
  "quota-burst": "measures when calls arrive, to a fiftieth of a second, on all cores",
  "refused-starts": "starts what never answers",
  starting: "looks for the API's own address in its output, and reads /docs, a page",
  stopping: "asks the API's own address whether anybody still accepts connections",
};

for (const name of through) await import(`../end-to-end/${name}.test.ts`);

const START_MILLIS = 120_000;
const TRIALS_MILLIS = 120_000;

let program: RunningProcess;
let fronts: string;
let exchanges = 0;

beforeAll(async () => {
  const { running, says } = launch("test/openapi/fronts.ts", environment);
  program = running;
  [, fronts = ""] = await says(/^asked at (\S+)$/m);
  process.env["UC_TEST_FRONTS"] = fronts;
}, START_MILLIS);

afterEach(async () => {
  const answer = await fetch(fronts, { method: "DELETE" });
  const seen = (await answer.json()) as Seen;
  exchanges += seen.exchanges;
  expect(seen.violations.flatMap(complaints)).toEqual([]);
});

afterAll(async () => {
  delete process.env["UC_TEST_FRONTS"];
  await program?.kill();
});

test("every end-to-end test goes through Prism, or is named with what keeps it", () => {
  const names = readdirSync(`${folder}../end-to-end`)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -".test.ts".length));
  expect([...through, ...Object.keys(leftOut)].toSorted()).toEqual(names.toSorted());
});

test(
  "what was cleared is served by no process, with refreshes in flight",
  async () => {
    await using place = await sharedDatabase();
    // Each kind of clear in each lane.
    const { violations, miscounted, current } = await runClears(place.environment, 36);
    expect([violations, miscounted]).toEqual([0, 0]);
    expect(current).toBeGreaterThan(0);
  },
  TRIALS_MILLIS,
);

test(
  "what was invalidated is served by no process, with refreshes in flight",
  async () => {
    await using place = await sharedDatabase();
    const { violations, current } = await runInvalidations(place.environment, 16);
    expect(violations).toBe(0);
    expect(current).toBeGreaterThan(0);
  },
  TRIALS_MILLIS,
);

test("all of that went through Prism", () => {
  expect(exchanges).toBeGreaterThan(1_000);
});

function complaints({ request, status, ofRequest, ofAnswer }: Violation) {
  const isRefused = status >= 400 && status < 500;
  const told = [...(isRefused ? [] : ofRequest), ...ofAnswer];
  return told.map((words) => `${request} ${status}: ${words}`);
}
