/**
 * Keeps scopes of 10,000 and of 1,000,000 responses within their capacity: how PostgreSQL
 * counts and evicts, how long it takes, and how old what is evicted was among all. What is
 * written meanwhile has room in the hundredth that a large capacity keeps free. Exits with 1
 * where that is less than a thousand responses a second, or too many are left.
 *
 * Usage: bun bench/capacity.ts [capacities …], 10000 and 1000000 by default
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as Database from "../src/adapters/postgres/database.ts";
import { countPage, eviction } from "../src/adapters/postgres/evict-responses.ts";
import { removal } from "../src/adapters/postgres/purge-entries.ts";
import * as ResponseStore from "../src/adapters/postgres/response-store.ts";
import { evictionLimits } from "../src/domain/gateway/eviction-limits.ts";
import { ResponseStore as Store } from "../src/services/gateway/response-store.ts";
import { ownDatabase } from "./own-database.ts";

const named = process.argv.slice(2).map(Number);
const capacities = named.length === 0 ? [10_000, 1_000_000] : named;
const LEAST_WRITES = 1_000;

await using database = await ownDatabase();
const { address, sql } = database;
const runtime = ManagedRuntime.make(
  ResponseStore.layer.pipe(Layer.provide(Database.layer(address))),
);
const inStore = <A, E>(use: (store: Store["Service"]) => Effect.Effect<A, E>) =>
  runtime.runPromise(Effect.flatMap(Store, use));

const results: object[] = [];
let isKept = true;
for (const [index, capacity] of capacities.entries()) {
  const of = { space: `g${index + 1}`, scope: "e1 " };
  const limits = evictionLimits(capacity);
  const total = limits.capacity + Math.max(1, Math.floor(capacity / 200));
  await fill(of.space, total);
  await sql`vacuum analyze entries`;
  // What was read a moment ago leaves rows behind that the index alone can't judge.
  await sql`
    update entries set used_at = used_at + 1 where space = ${of.space} and id % 20 = 0`;

  await show(`Counting ${total}`, countPage(sql, of, of.scope));
  const most = Math.min(10_000, total - limits.target);
  await sql`begin`;
  await show(`Evicting ${most} of ${total}`, eviction(sql, of, total, most));
  await sql`rollback`;

  const [millis, evicted] = await timed(() =>
    inStore((store) => store.evict(of, limits)),
  );
  const [row] = await sql<{ left: number }[]>`
    select count(*) as left from entries where space = ${of.space} and key like 'e1 %'`;
  const [counting] = await timed(() =>
    inStore((store) => store.countAdded([{ ...of, count: 1 }])),
  );
  await show(
    "Clearing by a param's name",
    removal(sql, { _tag: "Matching", paramNamed: "db_type" }),
  );
  const [naming] = await timed(() =>
    removal(sql, { _tag: "Matching", paramNamed: "db_type" }),
  );
  const ages = evicted.map(({ key }) => ageOf(Number(key.split("/").at(-1)), total));
  const sorted = ages.toSorted((a, b) => a - b);
  const left = row?.left ?? Infinity;
  const room = capacity - limits.capacity;
  const writes = room === 0 ? undefined : Math.round((1_000 * room) / millis);
  isKept &&= left <= capacity && (writes ?? Infinity) >= LEAST_WRITES;
  results.push({
    capacity,
    before: total,
    evicted: evicted.length,
    left,
    "ms to count and evict": Math.round(millis),
    "ms per stored one, spread": (millis / evicted.length).toFixed(3),
    "writes a second meanwhile": writes ?? "-",
    "ms to add to the count": counting.toFixed(1),
    "evicted, median age rank %": percent(sorted[Math.floor(sorted.length / 2)]),
    "worst %": percent(sorted.at(-1)),
    "ms to clear by a param's name": Math.round(naming),
  });
}
console.table(results);
await runtime.dispose();
process.exitCode = isKept ? 0 : 1;

/** Rows of a kilobyte, used in an order that has nothing to do with their keys. */
async function fill(space: string, total: number) {
  await sql`
    insert into entries (
      space, key, key_hash, status, headers, encoding, body, etag, params,
      stored_at, fresh_until, stale_until, fallback_until, request_at, response_at,
      used_at, response
    )
    select ${space}, 'e1 GET /item/' || n, sha256((${space} || n)::bytea), 200,
      '[["content-type", "application/json"]]', 'base64', convert_to(repeat('x', 1000), 'UTF8'),
      '', jsonb_build_object('id', n::text, E'\u0001', jsonb_build_array('id')),
      0, 1, 1, 9e15, 0, 0, (n * 7919::bigint) % ${total}::bigint, '{}'
    from generate_series(1, ${total}::int) n`;
  await sql`
    insert into entries (
      space, key, key_hash, status, headers, encoding, body, etag, params,
      stored_at, fresh_until, stale_until, fallback_until, request_at, response_at,
      used_at, response
    )
    select ${space}, 'p GET /item/' || n, sha256((${space} || 'p' || n)::bytea), 200, '[]',
      'base64', '', '', '{}', 0, 1, 1, 9e15, 0, 0, n, '{}'
    from generate_series(1, 5000) n`;
}

/** Which share of all was used before item `n`. */
function ageOf(n: number, total: number): number {
  return Number((BigInt(n) * 7_919n) % BigInt(total)) / total;
}

function percent(share = Number.NaN): string {
  return (100 * share).toFixed(1);
}

async function timed<A>(work: () => PromiseLike<A>): Promise<[number, A]> {
  const since = performance.now();
  const result = await work();
  return [performance.now() - since, result];
}

async function show(title: string, statement: PromiseLike<unknown>) {
  const rows = await sql<{ "QUERY PLAN": string }[]>`
    explain (analyze, buffers, costs off, timing off) ${statement as never}`;
  console.log(`${title}:\n  ${rows.map((row) => row["QUERY PLAN"]).join("\n  ")}\n`);
}
