/**
 * Clears one account's entries among 1,000,000: how PostgreSQL finds them, and how long it
 * takes; then one instance's, and what counting all of them takes. Exits with 1 where a
 * clear looks at the whole table.
 *
 * Usage: bun bench/clear-user.ts [entries], 1000000 by default
 *
 * @module
 */
import { storedBySource } from "../src/adapters/postgres/entry-statistics.ts";
import { removal } from "../src/adapters/postgres/purge-entries.ts";
import type { PurgeSelection } from "../src/domain/entry/purge.ts";
import { entriesAbout } from "../src/domain/instance/instance.ts";
import { ownDatabase } from "./own-database.ts";

const entries = Number(process.argv[2] ?? 1_000_000);
const ACCOUNTS = 10_000;
const ROUNDS = 50;

await using database = await ownDatabase({ jit: "off" });
const { sql } = database;

// Each account has an entry; an instance has 10,000 of them.
await sql`
  insert into entries (
    space, key, key_hash, status, headers, encoding, body, etag, params,
    stored_at, fresh_until, stale_until, fallback_until, request_at, response_at
  )
  select 's1', '/instances/' || i || '/accounts/u' || n, sha256(('k' || n)::bytea), 200,
    '[]', 'json', convert_to(repeat('x', 200), 'UTF8'), 'W/"x"',
    jsonb_build_object('instance_id', i::text, 'username', 'u' || n),
    0, 9e15, 9e15, 9e15, 0, 0
  from (select n, n / ${ACCOUNTS}::int as i from generate_series(1, ${entries}::int) n) all_of_them`;
await sql`
  insert into sources (
    id, epoch, name, base_url, sealed, key_id, rate_limit, ttl_millis,
    stale_if_error_millis, negative_ttl_millis, key_template, key_case, timeout_millis,
    max_body_bytes, not_modified_is_free, max_queue, refresh, created_at, updated_at
  ) values ('accounts', 1, '', '', '', '', '{}', 0, 0, 0, '', '', 0, 0, false, 0, '', 0, 0)`;
await sql`vacuum analyze entries`;

const accountAt = (n: number): PurgeSelection =>
  entriesAbout(Math.floor(n / ACCOUNTS), `u${n}`);

const plan = await planOf(accountAt(Math.floor(entries / 2)));
console.log(`one account's entries:\n  ${plan.join("\n  ")}\n`);
const isIndexed = !plan.some((line) => /Seq Scan on entries/.test(line));

const account = await timesOf(ROUNDS, (round) =>
  accountAt(1 + Math.floor((entries / ROUNDS) * round)),
);
const instances = Math.floor(entries / ACCOUNTS);
const instance = await timesOf(Math.min(10, instances - 1), (round) =>
  entriesAbout(round + 1),
);
const counting = { "all of them": 1, "a tenth": 0.1 };
console.table([
  { clear: "one account", ...account },
  { clear: "one instance", ...instance },
]);
for (const [what, share] of Object.entries(counting)) {
  const since = performance.now();
  await storedBySource(sql, share);
  console.log(`counting ${what}: ${(performance.now() - since).toFixed(0)} ms`);
}
process.exitCode = isIndexed ? 0 : 1;

async function planOf(selection: PurgeSelection) {
  const rows = await sql<{ "QUERY PLAN": string }[]>`
    explain (analyze, buffers, costs off, timing off) ${removal(sql, selection)}`;
  return rows.map((row) => row["QUERY PLAN"]);
}

/** Milliseconds of the statement, each time of another thing. */
async function timesOf(rounds: number, selectionAt: (round: number) => PurgeSelection) {
  const taken: number[] = [];
  let removed = 0;
  for (let round = 0; round < rounds; round++) {
    const since = performance.now();
    const [row] = await removal(sql, selectionAt(round));
    taken.push(performance.now() - since);
    removed += row?.removed ?? 0;
  }
  const sorted = taken.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(rounds - 1, Math.floor(rounds * share))] ?? 0).toFixed(2);
  return { rounds, removed, "median ms": at(0.5), "most ms": at(1) };
}
