/**
 * Databases for tests: one server per run, started when the first test asks for it.
 *
 * `TEST_DATABASE_URL` names another server to use. This file is preloaded by
 * `bunfig.toml`, so that the server stops when the whole run ends and not after one file.
 * A run that is killed leaves nothing either: a watchdog outside sees its pipe close.
 *
 * @module
 */
import { afterAll } from "bun:test";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { startEmbeddedPostgres } from "../../src/adapters/embedded-postgres/start-server.ts";
import {
  type PostgresOptions,
  toPostgresOptions,
} from "../../src/adapters/postgres/address.ts";

export interface TestDatabase extends AsyncDisposable {
  /** Good as `DATABASE_URL` and as `{ url }` of a `DatabaseAddress`. */
  readonly url: string;
  readonly options: PostgresOptions;
  /** Breaks off what is still connected. Safe to repeat. */
  drop(): Promise<void>;
}

/** A new database with the schema of this version. */
export async function testDatabase(): Promise<TestDatabase> {
  const server = await (current ??= startRun());
  return createDatabase(server, await (server.template ??= createTemplate(server)));
}

/** A new database with nothing in it. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return createDatabase(await (current ??= startRun()), "template1");
}

/** A folder for an embedded server of a test's own; that server ends at the latest with the run. */
export async function temporaryDataFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "uni-cache-test-"));
  // As root the server runs under another account, which must get through.
  await chmod(path, 0o755);
  const remove = watch(path);
  return { path, remove, [Symbol.asyncDispose]: remove };
}

interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** Ends every server in the folder, then removes it. Safe to repeat. */
  remove(): Promise<void>;
}

interface Run {
  readonly sql: postgres.Sql;
  readonly urlOf: (database: string) => string;
  /** Starts the names of this run's databases. */
  readonly prefix: string;
  template?: Promise<string>;
  count: number;
  readonly end: () => Promise<void>;
}

const FAST = {
  fsync: "off",
  full_page_writes: "off",
  synchronous_commit: "off",
  max_connections: "300",
};

let current: Promise<Run> | undefined;

afterAll(async () => {
  const ending = await current;
  current = undefined;
  await ending?.end();
});

function startRun(): Promise<Run> {
  const url = process.env["TEST_DATABASE_URL"];
  return url === undefined || url === "" ? startOwnServer() : useServer(url);
}

async function startOwnServer(): Promise<Run> {
  const folder = await temporaryDataFolder();
  const server = await startEmbeddedPostgres(folder.path, FAST);
  const host = encodeURIComponent(server.host);
  const urlOf = (database: string) =>
    `postgres://${server.user}@localhost:${server.port}/${database}?host=${host}`;
  const run = makeRun(urlOf("postgres"), urlOf);
  return {
    ...run,
    end: async () => {
      await run.sql.end({ timeout: 1 });
      await server.stop();
      await folder.remove();
    },
  };
}

/** The server outlives the run, so its databases are dropped one by one. */
async function useServer(url: string): Promise<Run> {
  const run = makeRun(url, (database) => {
    const other = new URL(url);
    other.pathname = `/${database}`;
    return other.href;
  });
  return {
    ...run,
    end: async () => {
      const left = await run.sql<{ name: string }[]>`
        select datname as name from pg_database where starts_with(datname, ${run.prefix})`;
      for (const { name } of left) await dropDatabase(run.sql, name);
      await run.sql.end({ timeout: 1 });
    },
  };
}

function makeRun(url: string, urlOf: Run["urlOf"]): Omit<Run, "end"> {
  const sql = postgres({
    ...toPostgresOptions({ url }),
    max: 2,
    onnotice: () => {},
  });
  return { sql, urlOf, prefix: `uc_test_${randomBytes(6).toString("hex")}_`, count: 0 };
}

async function createTemplate(run: Run): Promise<string> {
  const name = `${run.prefix}template`;
  await run.sql.unsafe(`create database "${name}"`);
  // Only here, because it loads much that most test files do without.
  const { migrate } = await import("../../src/adapters/postgres/migrate.ts");
  await migrate({ url: run.urlOf(name) });
  return name;
}

async function createDatabase(run: Run, template: string): Promise<TestDatabase> {
  const name = `${run.prefix}${++run.count}`;
  await run.sql.unsafe(
    `create database "${name}" template "${template}" strategy file_copy`,
  );
  const url = run.urlOf(name);
  const drop = () => dropDatabase(run.sql, name);
  return { url, options: toPostgresOptions({ url }), drop, [Symbol.asyncDispose]: drop };
}

async function dropDatabase(sql: postgres.Sql, name: string): Promise<void> {
  await sql.unsafe(`drop database if exists "${name}" with (force)`);
}

/** Waits for the end of its input, which comes when this process ends, in whatever way. */
const WATCHDOG = `
trap "" INT TERM HUP
read -r _
for _ in 1 2 3 4 5 6 7 8 9 10; do
  pids=$(find "$1" -name postmaster.pid -exec head -n 1 {} ";" 2>/dev/null)
  if [ -n "$pids" ]; then
    kill -QUIT $pids 2>/dev/null
    sleep 0.1
  fi
  rm -rf "$1" 2>/dev/null
  [ -e "$1" ] || break
done`;

function watch(path: string): () => Promise<void> {
  const watchdog = spawn("sh", ["-c", WATCHDOG, "sh", path], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const gone = once(watchdog, "exit");
  watchdog.unref();
  return async () => {
    watchdog.stdin.end();
    await gone;
  };
}
