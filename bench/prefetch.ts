/**
 * Prefetches 5,000 keys of a source whose limit is wide, from an upstream that takes five
 * milliseconds: tasks a second, beside what the same connections could do at best; then
 * the time of a batch-get of 1,000 of them that are not in memory.
 *
 * Usage: bun bench/prefetch.ts
 *
 * @module
 */
import { adminToken, clientOf, until } from "../test/end-to-end/client.ts";
import { connectTo } from "../test/end-to-end/embedded-server.ts";
import { startApi } from "../test/end-to-end/processes.ts";
import { countingUpstream, json } from "../test/support/counting-upstream.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { pause } from "./transactions.ts";

const KEYS = 5_000;
const UPSTREAM_MILLIS = 5;
const BATCHES = 20;
/** The calls that one process has under way for a source. */
const LANE_WIDTH = 16;

await using folder = await temporaryFolder();
await using upstream = await countingUpstream();
upstream.answer((request, response) => {
  setTimeout(() => json({ city: request.url })(request, response), UPSTREAM_MILLIS);
});
await using api = await startApi({
  UC_DATA_DIR: folder.path,
  UC_ADMIN_TOKEN: adminToken,
  // Nothing stays in memory: every batch asks the database.
  UC_L1_MAX_BYTES: "0",
});
const client = clientOf(api);
await client.createSource("wide", upstream.url, { rate_limit: { per_minute: 100_000 } });
const keys = Array.from({ length: KEYS }, (_, n) => `/key/${n}`);
const sql = connectTo(folder.path);

const startedAt = performance.now();
const queued = await client.send("POST", "/api/v1/cache/wide/prefetch", { keys });
const queuedMillis = performance.now() - startedAt;
if (queued.status !== 202) throw new Error(await queued.text());
await until(
  async () => {
    await pause(50);
    const [row] =
      await sql`select count(*)::int as left from tasks where state <> 'succeeded'`;
    return Number(row?.["left"]);
  },
  (left) => left === 0,
  120_000,
);
const seconds = (performance.now() - startedAt) / 1_000;

const batch = async () => {
  const answer = await client.send("POST", "/api/v1/cache/wide/batch-get", {
    keys: keys.slice(0, 1_000),
  });
  const { items } = (await answer.json()) as { items: { hit: boolean }[] };
  if (items.filter(({ hit }) => hit).length !== 1_000) throw new Error("Not all hit");
};
await batch();
const batchesAt = performance.now();
for (let read = 0; read < BATCHES; read++) await batch();
const elapsed = performance.now() - batchesAt;
await sql.end({ timeout: 1 });

const atBest = LANE_WIDTH / (UPSTREAM_MILLIS / 1_000);
console.table({
  "keys queued in ms": Math.round(queuedMillis),
  "tasks a second": Math.round(KEYS / seconds),
  "share of what the connections could do at best": (KEYS / seconds / atBest).toFixed(2),
  "upstream calls": upstream.calls.length,
  "milliseconds a batch of 1,000": (elapsed / BATCHES).toFixed(1),
});
