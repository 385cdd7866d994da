import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countingUpstream } from "../support/counting-upstream.ts";
import { clientOf, until } from "./client.ts";
import { serversIn } from "./embedded-server.ts";
import { dataFolder } from "./places.ts";
import { startApi, startWorker } from "./processes.ts";

describe("processes that share UC_DATA_DIR", () => {
  test("start at once, work together, and the last one out stops PostgreSQL", async () => {
    await using folder = await dataFolder();
    await using upstream = await countingUpstream();
    const [one, two, three] = await Promise.all([
      startApi(folder.environment),
      startApi(folder.environment),
      startWorker(folder.environment),
    ]);
    await using _one = one;
    await using _two = two;
    await using _three = three;
    const token = readFileSync(join(folder.path, "admin-token"), "utf8").trim();
    const told = [one, two].filter((api) => api.output().includes(token));
    const [first, second] = [clientOf(one, token), clientOf(two, token)];

    await first.createSource("s", upstream.url);
    await until(
      () => second.status("/api/v1/sources/s"),
      (status) => status === 200,
      1_000,
    );
    await second.read("s", "/a");
    const hit = await until(
      () => first.read("s", "/a"),
      ({ cache }) => cache === "HIT",
    );

    expect(told).toHaveLength(1);
    expect(hit.body.data.path).toBe("/a");
    expect(upstream.calls).toHaveLength(1);
    await one.stop();
    expect(await second.status("/api/v1/readyz")).toBe(200);
    await two.stop();
    expect(serversIn(folder.path)).not.toEqual([]);
    await three.stop();
    expect(serversIn(folder.path)).toEqual([]);
  }, 120_000);

  test("one starts while another stops", async () => {
    await using folder = await dataFolder();
    await using before = await startApi(folder.environment);
    const token = readFileSync(join(folder.path, "admin-token"), "utf8").trim();

    const [after] = await Promise.all([startApi(folder.environment), before.stop()]);
    await using _after = after;

    expect(await clientOf(after, token).status("/api/v1/readyz")).toBe(200);
    expect(await clientOf(after, token).status("/api/v1/sources")).toBe(200);
    await after.stop();
    expect(serversIn(folder.path)).toEqual([]);
  }, 120_000);
});
