/**
 * Pages of a list of 1,000,000 keys: how PostgreSQL finds one, and how long it takes, at
 * the beginning, in the middle, at the end and within a prefix. Exits with 1 where a plan
 * is not index-only.
 *
 * Usage: bun bench/list.ts [keys], 1000000 by default
 *
 * @module
 */
import { pageOfEntries } from "../src/adapters/postgres/list-entries.ts";
import { ownDatabase } from "./own-database.ts";

const keys = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = 200;
const SPACE = "s1";
const WIDTH = 9;

await using database = await ownDatabase();
const { sql } = database;

await sql`
  insert into entries (
    space, key, key_hash, status, headers, encoding, body, etag, params,
    stored_at, fresh_until, stale_until, fallback_until, request_at, response_at
  )
  select ${SPACE}, '/item/' || lpad(n::text, ${WIDTH}, '0'), sha256(('k' || n)::bytea), 200,
    '[]', 'json', convert_to(repeat('x', 200), 'UTF8'), 'W/"x"', '{}', 0, 1, 1, 9e15, 0, 0
  from generate_series(1, ${keys}) n`;
await sql`vacuum analyze entries`;

const keyAt = (share: number) =>
  `/item/${String(Math.floor(keys * share)).padStart(WIDTH, "0")}`;
const places = {
  "the first page": { prefix: "/", after: undefined },
  "from the middle": { prefix: "/", after: keyAt(0.5) },
  "the last page": { prefix: "/", after: keyAt((keys - 60) / keys) },
  "a prefix of 1,000 keys": { prefix: keyAt(0.5).slice(0, -3), after: undefined },
};

let isIndexOnly = true;
const times: object[] = [];
for (const [place, range] of Object.entries(places)) {
  const from = { space: SPACE, ...range };
  for (const limit of [50, 1_000]) {
    const plan = await planOf(from, limit);
    if (limit === 50) console.log(`${place}:\n  ${plan.join("\n  ")}\n`);
    isIndexOnly &&= plan.some((line) =>
      /Index Only Scan using entries_space_key/.test(line),
    );
    isIndexOnly &&= !plan.some((line) => /Seq Scan|Heap Fetches: [1-9]/.test(line));
    const server = /Execution Time: ([\d.]+)/.exec(plan.at(-1) ?? "")?.[1];
    const taken = await timesOf(from, limit);
    times.push({ page: place, limit, ...taken, "ms of the server": server });
  }
}
console.table(times);
process.exitCode = isIndexOnly ? 0 : 1;

async function planOf(range: Parameters<typeof pageOfEntries>[1], limit: number) {
  const rows = await sql<{ "QUERY PLAN": string }[]>`
    explain (analyze, buffers, costs off, timing off) ${pageOfEntries(sql, range, limit)}`;
  return rows.map((row) => row["QUERY PLAN"]);
}

/** Milliseconds from asking to having the rows. */
async function timesOf(range: Parameters<typeof pageOfEntries>[1], limit: number) {
  const taken: number[] = [];
  let rows = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const since = performance.now();
    rows = (await pageOfEntries(sql, range, limit)).length;
    taken.push(performance.now() - since);
  }
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(ROUNDS * share)] ?? 0).toFixed(2);
  return { rows, "median ms": at(0.5), "95 % ms": at(0.95) };
}
