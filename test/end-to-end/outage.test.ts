import { describe, expect, test } from "bun:test";
import { openDataFolder } from "../../src/adapters/embedded-postgres/data-folder.ts";
import { whileLocked } from "../../src/adapters/embedded-postgres/folder-lock.ts";
import { startEmbeddedPostgres } from "../../src/adapters/embedded-postgres/start-server.ts";
import { countingUpstream } from "../support/counting-upstream.ts";
import { temporaryDataFolder } from "../support/postgres.ts";
import { adminToken, clientOf, secretKey, until } from "./client.ts";
import { killServer, serversIn } from "./embedded-server.ts";
import { dataFolder } from "./places.ts";
import { startApi } from "./processes.ts";

type Client = ReturnType<typeof clientOf>;

/** Reads `/kept` until it is in the process's own memory. */
async function keepInMemory(client: Client, upstreamUrl: string): Promise<void> {
  await client.createSource("s", upstreamUrl);
  await client.read("s", "/kept");
  // The first hits may come from the store: news of the write can still empty the memory.
  let hits = 0;
  await until(
    async () => {
      hits = (await client.read("s", "/kept")).cache === "HIT" ? hits + 1 : 0;
      return hits;
    },
    (count) => count === 20,
  );
}

const ready = (client: Client) => client.status("/api/v1/readyz");

describe("PostgreSQL dies under the service", () => {
  test("hits go on, readyz tells, and it recovers by itself when the server is back", async () => {
    await using folder = await temporaryDataFolder();
    const server = await startEmbeddedPostgres(folder.path, { fsync: "off" });
    const url = `postgres://${server.user}@localhost:${server.port}/postgres?host=${encodeURIComponent(server.host)}`;
    await using upstream = await countingUpstream();
    await using api = await startApi({
      DATABASE_URL: url,
      UC_SECRET_KEY: secretKey,
      UC_ADMIN_TOKEN: adminToken,
      UC_ADMIN_PASSWORD: "end-to-end-password",
      UC_LOG_LEVEL: "error",
    });
    const client = clientOf(api);
    await keepInMemory(client, upstream.url);
    expect(await ready(client)).toBe(200);

    // Who has started the server would start it again within a second.
    await whileLocked(openDataFolder(folder.path).home, async () => {
      killServer(folder.path);

      await until(
        () => ready(client),
        (status) => status === 503,
      );
      expect(await client.status("/api/v1/healthz")).toBe(200);
      const kept = await client.read("s", "/kept");
      expect(kept).toMatchObject({ status: 200, cache: "HIT" });
      expect((await client.read("s", "/new")).status).toBe(503);
    });

    const again = await startEmbeddedPostgres(folder.path, { fsync: "off" });
    await until(
      () => ready(client),
      (status) => status === 200,
    );
    await until(
      () => client.read("s", "/new"),
      ({ cache }) => cache === "HIT",
    );
    expect(await client.read("s", "/kept")).toMatchObject({ status: 200, cache: "HIT" });
    expect(api.output() + api.complaints()).not.toMatch(/died|unhandled/i);
    await api.stop();
    await Promise.all([server.stop(), again.stop()]);
  }, 120_000);

  test("an embedded server that was killed is started again by itself", async () => {
    await using folder = await dataFolder();
    await using api = await startApi(folder.environment);
    const client = clientOf(api, "");
    const killed = killServer(folder.path);

    await until(
      () => serversIn(folder.path),
      (pids) => pids.some((pid) => !killed.includes(pid)),
      5_000,
    );
    await until(
      () => ready(client),
      (status) => status === 200,
    );
  }, 120_000);
});
