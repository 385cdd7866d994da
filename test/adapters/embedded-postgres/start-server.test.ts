import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readdirSync, rmSync, statSync, symlinkSync, truncateSync, watch } from "node:fs";
import { join as joinPath } from "node:path";
import postgres from "postgres";
import { EmbeddedPostgresFailed } from "../../../src/adapters/embedded-postgres/embedded-postgres-failed.ts";
import {
  isPostmaster,
  readPostmaster,
} from "../../../src/adapters/embedded-postgres/postmaster.ts";
import { startEmbeddedPostgres } from "../../../src/adapters/embedded-postgres/start-server.ts";
import { toPostgresOptions } from "../../../src/adapters/postgres/address.ts";
import { temporaryDataFolder } from "../../support/postgres.ts";
import { type Joined, join, leave, startMember } from "./member.ts";

/** Where the tests below that need no fresh one share a database. Its name has what paths may have. */
let folder = "";
let parent: Awaited<ReturnType<typeof temporaryDataFolder>>;

beforeAll(async () => {
  parent = await temporaryDataFolder();
  folder = joinPath(parent.path, `data, "of" ours`);
});

afterAll(async () => {
  expect(serversIn(parent.path)).toEqual([]);
  await parent.remove();
});

describe("startEmbeddedPostgres()", () => {
  test("gives four that start at once on a new folder one server", async () => {
    const members = await Promise.all(Array.from({ length: 4 }, () => join(folder)));

    expect(new Set(members.map(({ pid }) => pid)).size).toBe(1);
    expect(members.filter(({ started }) => started)).toHaveLength(1);
    for (const { member } of members.slice(1)) await leave(member);
    expect(await ask(members[0], "select 1 as answer")).toEqual([{ answer: 1 }]);
    for (const { member } of members.slice(0, 1)) await leave(member);
    expect(serversIn(folder)).toEqual([]);
  });

  test("keeps what was stored when the server is killed", async () => {
    const before = await join(folder);
    await ask(before, "create table kept as select 7 as value");
    await ask(before, "checkpoint");

    process.kill(before.pid, "SIGKILL");
    const after = await join(folder);

    expect(after.started).toBe(true);
    expect(await ask(after, "select value from kept")).toEqual([{ value: 7 }]);
    await leave(before.member);
    expect(await ask(after, "select value from kept")).toEqual([{ value: 7 }]);
    await leave(after.member);
  });

  test("joins the server that outlived all its users, and is its only one", async () => {
    const before = await join(folder);
    await before.member.kill();

    const after = await join(folder);

    expect(after).toMatchObject({ started: false, pid: before.pid });
    await leave(after.member);
    expect(serversIn(folder)).toEqual([]);
  });

  test("starts after everything was killed", async () => {
    const before = await join(folder);
    await before.member.kill();
    process.kill(before.pid, "SIGKILL");

    const after = await join(folder);

    expect(after.started).toBe(true);
    await leave(after.member);
  });

  test("serves whoever joins while the last one leaves", async () => {
    let last = await join(folder);
    for (let round = 0; round < 5; round++) {
      const next = startMember(folder);
      await next.joining();
      last.member.askToLeave();
      const joined = { ...(await next.joined()), member: next };

      expect(await ask(joined, "select 1 as answer")).toEqual([{ answer: 1 }]);
      await last.member.leaving();
      await last.member.left();
      expect(await ask(joined, "select 1 as answer")).toEqual([{ answer: 1 }]);
      last = joined;
    }
    await leave(last.member);
  });

  test("serves whoever joins in the middle of the last one's leaving", async () => {
    const last = await join(folder);
    last.member.askToLeave();
    await last.member.leaving();

    const next = await join(folder);

    expect(await ask(next, "select 1 as answer")).toEqual([{ answer: 1 }]);
    await last.member.left();
    await leave(next.member);
  });

  test("counts every start of one process", async () => {
    const first = await startEmbeddedPostgres(folder, { fsync: "off" });
    const second = await startEmbeddedPostgres(folder, { fsync: "off" });

    await first.stop();
    await first.stop();

    expect(await ask(second, "select 1 as answer")).toEqual([{ answer: 1 }]);
    await second.stop();
    expect(serversIn(folder)).toEqual([]);
  });

  test("knows its folder by another name", async () => {
    const alias = joinPath(parent.path, "alias");
    symlinkSync(folder, alias);
    const first = await startEmbeddedPostgres(folder, { fsync: "off" });

    const second = await startEmbeddedPostgres(alias, { fsync: "off" });

    expect(second).toMatchObject({ started: false, pid: first.pid });
    await Promise.all([first.stop(), second.stop()]);
  });

  test("empties a log that has grown long", async () => {
    truncateSync(joinPath(folder, "postgres.log"), 11 * 1024 * 1024);

    const server = await startEmbeddedPostgres(folder, { fsync: "off" });

    expect(statSync(joinPath(folder, "postgres.log")).size).toBeLessThan(10_000);
    await server.stop();
  });

  test("says in one line what PostgreSQL refuses, and leaves nothing", async () => {
    const refusal = await startEmbeddedPostgres(folder, { no_such_setting: "1" }).catch(
      (error: unknown) => error,
    );

    expect(refusal).toBeInstanceOf(EmbeddedPostgresFailed);
    expect((refusal as Error).message).toMatch(
      /^Cannot start PostgreSQL in ".*": unrecognized configuration parameter "no_such_setting"; see ".*postgres\.log"$/,
    );
    expect(readdirSync(joinPath(folder, "users"))).toEqual([]);
  });

  test("stops the server even when somebody has removed its folder", async () => {
    await using fresh = await temporaryDataFolder();
    const home = joinPath(fresh.path, "removed");
    const server = await startEmbeddedPostgres(home, { fsync: "off" });
    rmSync(home, { recursive: true });

    await server.stop();

    expect(isPostmaster(server.pid, joinPath(home, "data"))).toBe(false);
  });

  test("starts over when it was killed while it made the database", async () => {
    await using fresh = await temporaryDataFolder();
    const appears = once(watch(fresh.path), "change");
    const killed = startMember(fresh.path);
    while (!readdirSync(fresh.path).some((name) => name.startsWith("initdb-"))) {
      await Promise.race([appears, new Promise((tick) => setTimeout(tick, 1))]);
    }
    await killed.kill();

    const next = await join(fresh.path);

    expect(await ask(next, "select 1 as answer")).toEqual([{ answer: 1 }]);
    await leave(next.member);
    expect(serversIn(fresh.path)).toEqual([]);
  });

  test("keeps its socket elsewhere when its path would be too long, for itself alone", async () => {
    await using fresh = await temporaryDataFolder();
    const deep = joinPath(fresh.path, "d".repeat(60), "e".repeat(60));
    const start = async () => {
      const member = startMember(deep, { TMPDIR: fresh.path });
      await member.joining();
      return { ...(await member.joined()), member };
    };

    const first = await start();

    expect(first.host).toStartWith(joinPath(fresh.path, "uni-cache-"));
    expect(statSync(first.host).mode & 0o777).toBe(0o700);
    expect(await ask(first, "select 1 as answer")).toEqual([{ answer: 1 }]);
    await leave(first.member);

    const second = await start();

    expect(second.host).toBe(first.host);
    await leave(second.member);
  });
});

async function ask(
  server: Pick<Joined, "host" | "port"> | undefined,
  query: string,
): Promise<unknown> {
  if (server === undefined) throw new Error("Cannot ask: nobody has joined");
  const { host, port } = server;
  const sql = postgres({
    ...toPostgresOptions({ host, port, user: "unicache", database: "postgres" }),
    max: 1,
  });
  try {
    return [...(await sql.unsafe(query))];
  } finally {
    await sql.end();
  }
}

/** Ids of the servers that run on a data directory somewhere under `path`. */
function serversIn(path: string): readonly number[] {
  const directories = readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith("PG_VERSION"))
    .map((name) => joinPath(path, name, ".."));
  const candidates =
    process.platform === "linux"
      ? readdirSync("/proc").map(Number)
      : directories.map((directory) => readPostmaster(directory)?.pid ?? 0);
  return candidates.filter((pid) =>
    directories.some((directory) => isPostmaster(pid, directory)),
  );
}
