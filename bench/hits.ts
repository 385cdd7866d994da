/**
 * Hits a second, as a share of what a bare `Bun.serve` with a constant answer of the same
 * size does in the same run on the same machine; and the transactions that hits cost.
 *
 * Usage: bun bench/hits.ts [connections], 16 by default
 *
 * @module
 */
import { adminToken, clientOf, until } from "../test/end-to-end/client.ts";
import { connectTo } from "../test/end-to-end/embedded-server.ts";
import { startApi } from "../test/end-to-end/processes.ts";
import { countingUpstream, json } from "../test/support/counting-upstream.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { pause, SETTLE_MILLIS, transactionsDuring } from "./transactions.ts";

const connections = process.argv[2] ?? "16";
const REQUESTS = 10_000;
const ROUNDS = 3;

await using folder = await temporaryFolder();
await using upstream = await countingUpstream();
upstream.answer(json({ city: "Shanghai", temp: 29.3 }));
await using api = await startApi({
  UC_DATA_DIR: folder.path,
  UC_ADMIN_TOKEN: adminToken,
});
const client = clientOf(api);
await client.createSource("weather", upstream.url);
await until(
  () => client.read("weather", "/weather/Shanghai"),
  ({ cache }) => cache === "HIT",
);
const path = "/api/v1/cache/weather/%2Fweather%2FShanghai";
const bytes = (await (await client.get(path)).arrayBuffer()).byteLength;

const peer = Bun.spawn(
  [process.execPath, new URL("constant-server.ts", import.meta.url).pathname, `${bytes}`],
  { stdout: "pipe" },
);
const { value } = await peer.stdout.getReader().read();
const peerUrl = new TextDecoder().decode(value).trim();

const rows: { hits: number; constant: number }[] = [];
await ask(`${api.url}${path}`); // Both run warm.
await ask(peerUrl);
for (let round = 0; round < ROUNDS; round++) {
  const constant = await ask(peerUrl);
  rows.push({ hits: await ask(`${api.url}${path}`), constant });
}
peer.kill();
await peer.exited;

const sql = connectTo(folder.path);
const startedAt = performance.now();
const whileHit = await transactionsDuring(sql, async () => {
  await ask(`${api.url}${path}`);
});
const elapsed = performance.now() - startedAt - SETTLE_MILLIS;
const whileIdle = await transactionsDuring(sql, () => pause(elapsed));
await sql.end({ timeout: 1 });

console.table(
  rows.map(({ hits, constant }) => ({ "hits / constant": (hits / constant).toFixed(3) })),
);
console.table({
  "bytes of an answer": bytes,
  connections: Number(connections),
  [`transactions during ${REQUESTS} hits`]: whileHit,
  "transactions in as long a time without": whileIdle,
  "upstream calls": upstream.calls.length,
});

/** Requests a second of a client in a process of its own. */
async function ask(url: string): Promise<number> {
  const program = new URL("load.ts", import.meta.url).pathname;
  const load = Bun.spawn(
    [process.execPath, program, url, adminToken, connections, `${REQUESTS}`],
    { stdout: "pipe", stderr: "inherit" },
  );
  const { failures, seconds } = JSON.parse(await new Response(load.stdout).text());
  if (failures > 0) throw new Error(`${failures} of ${REQUESTS} requests failed`);
  return REQUESTS / seconds;
}
