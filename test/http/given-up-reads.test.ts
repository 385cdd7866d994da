import { expect, test } from "bun:test";
import { Result } from "effect";
import type { Caller } from "../../src/domain/access/caller.ts";
import { makeApp } from "../../src/http/app.ts";
import { OPEN_NETWORK } from "../../src/http/network-policy.ts";
import { StoreUnavailable } from "../../src/services/errors.ts";

const admin: Caller = {
  by: "token",
  id: "bootstrap",
  name: "bootstrap admin",
  role: "admin",
  sources: undefined,
  projects: undefined,
};

/** Whether each program that was run is broken off when its client hangs up. */
const runs: boolean[] = [];
const { app, declared } = makeApp({
  // Whoever asks is the admin, and after that the store is away.
  run: async (_, signal) => {
    runs.push(signal !== undefined);
    const away = new StoreUnavailable({ operation: "test", cause: undefined });
    const known = runs.length === 1 ? Result.succeed({ caller: admin }) : undefined;
    return (known ?? Result.fail(away)) as never;
  },
  info: { version: "0.0.0", database: "embedded", worker: "off", memoryMaxBytes: 0 },
  network: OPEN_NETWORK,
  metricsPublic: false,
  docsScript: new Uint8Array(),
  log: () => {},
});

const reads = declared
  .filter(
    ({ method, declaration }) => method === "get" && declaration.needs !== "nothing",
  )
  .map(({ path, operationId }) => [String(operationId), path] as const)
  // Tells what is known already.
  .filter(([name]) => name !== "readCaller");

test.each(reads)("%s ends with its client", async (_, path) => {
  runs.length = 0;

  await app.request(`${path.replaceAll(/\{\w+\}/g, "7")}?name=/a&httpMethod=GET`);

  expect(runs.length).toBeGreaterThanOrEqual(2);
  expect(runs[1]).toBe(true);
});
