/**
 * The public suite of HTTP caches against the gateway: nothing that was passed is lost, and
 * what is not passed is named, with the reason.
 *
 * Not a part of `npm test`: it waits for seconds to pass, and needs Node.js and the suite.
 * `.ci/run` installs it in this folder and runs `bun test ./test/http-cache/proof.ts`.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Place, sharedDatabase } from "../end-to-end/places.ts";
import { columns, document, documentPath, OURS } from "./document.ts";
import {
  type CachingGateway,
  startCachingGateway,
  type StorageType,
  storageTypes,
} from "./gateway.ts";
import { left } from "./left.ts";
import { readReport, type Report } from "./report.ts";
import { dropsIn, failuresIn } from "./scores.ts";
import { type Origin, startOrigin } from "./suite.ts";
import { type Trial, tryCache } from "./trial.ts";

const START_MILLIS = 120_000;
const TRIAL_MILLIS = 400_000;
const HINT = "`npm run http-cache` writes the report anew";

let place: Place;
let origin: Origin;
let gateway: CachingGateway;
let report: Report;
let trials: Record<StorageType, Promise<Trial>>;

const named = left.flatMap(({ ids }) => ids).toSorted();

beforeAll(async () => {
  place = await sharedDatabase();
  origin = await startOrigin();
  gateway = await startCachingGateway(place.environment, origin);
  report = (await readReport(OURS)) ?? { version: "none", results: {} };
  // Side by side: most of it is waiting.
  const trialOf = (storage: StorageType) => {
    const trial = tryCache(gateway.base[storage], new Set(named));
    // Heard of by the test that waits for it.
    trial.catch(() => undefined);
    return trial;
  };
  trials = { DISTRIBUTED: trialOf("DISTRIBUTED"), LOCAL: trialOf("LOCAL") };
}, START_MILLIS);

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await origin?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
}, START_MILLIS);

describe("the suite of HTTP caches", () => {
  for (const storage of storageTypes) {
    test(
      `finds what it found before, with ${storage} storage`,
      async () => {
        const { results, unsteady } = await trials[storage];
        if (unsteady.length > 0) {
          console.log(`Passed at a later try: ${unsteady.join(", ")}`);
        }
        const more = dropsIn(results, report.results);
        if (more.length > 0)
          console.log(`Passed for the first time: ${more.join(", ")}; ${HINT}`);
        expect(dropsIn(report.results, results)).toEqual([]);
      },
      TRIAL_MILLIS,
    );
  }

  test("has no failure without a reason, and no reason without a failure", () => {
    expect(failuresIn(report.results)).toEqual(named);
  });

  test("is told of in the docs as the results are", async () => {
    expect(await Bun.file(documentPath).text()).toBe(document(await columns()));
  });
});
