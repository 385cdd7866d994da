import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { adminToken, clientOf, until } from "./client.ts";
import { dataFolder, sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";

describe("the very first start", () => {
  test("tells where it listens, and the generated secrets only this once", async () => {
    await using folder = await dataFolder();
    await using first = await startApi(folder.environment);
    const said = first.output();
    const token = /admin token {5}(\S+)/.exec(said)?.[1] ?? "";
    const password = /admin password {2}(\S+)/.exec(said)?.[1] ?? "";

    expect(said).toContain(`\n  docs        ${first.url}/docs\n`);
    expect(said).toContain(`\n  store       embedded PostgreSQL in ${folder.path}\n`);
    expect(token).toMatch(/^uc_[\w-]{43}$/);
    expect(password).toMatch(/^[\w-]{20}$/);
    expect(await clientOf(first, token).status("/api/v1/readyz")).toBe(200);
    expect(await clientOf(first, token).status("/docs")).toBe(200);
    expect(await clientOf(first, token).status("/api/v1/sources")).toBe(200);

    await first.stop();
    await using second = await startApi(folder.environment);

    expect(second.output()).not.toMatch(/admin (token|password)/);
    expect(second.output()).not.toContain(token);
    expect(second.output()).not.toContain(password);
    expect(await clientOf(second, token).status("/api/v1/sources")).toBe(200);
    for (const [name, secret] of [
      ["admin-token", token],
      ["admin-password", password],
    ] as const) {
      expect(await readFile(join(folder.path, name), "utf8")).toBe(`${secret}\n`);
      expect((await stat(join(folder.path, name))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(folder.path, "secret-key"))).mode & 0o777).toBe(0o600);
    expect([first.complaints(), second.complaints()]).toEqual(["", ""]);
  }, 120_000);
});

describe("UC_ADMIN_TOKEN", () => {
  test("set later, replaces the generated one, whose file goes", async () => {
    await using place = await sharedDatabase();
    const { UC_ADMIN_TOKEN: _, UC_DATA_DIR = "", ...environment } = place.environment;
    await using first = await startApi({ ...environment, UC_DATA_DIR });
    const old = (await readFile(join(UC_DATA_DIR, "admin-token"), "utf8")).trim();
    await first.stop();

    await using second = await startApi(place.environment);

    expect(await clientOf(second, old).status("/api/v1/sources")).toBe(401);
    expect(await clientOf(second, adminToken).status("/api/v1/sources")).toBe(200);
    expect(existsSync(join(UC_DATA_DIR, "admin-token"))).toBe(false);
    await second.stop();

    await using third = await startApi({ ...environment, UC_DATA_DIR });
    expect(third.output()).not.toContain("admin token");
    expect(existsSync(join(UC_DATA_DIR, "admin-token"))).toBe(false);
    expect(await clientOf(third, adminToken).status("/api/v1/sources")).toBe(200);
  }, 120_000);

  test("replaces the one of another process within a second", async () => {
    await using place = await sharedDatabase();
    await using first = await startApi(place.environment);
    const other = "end-to-end-another-token-0123456789";

    await using second = await startApi({ ...place.environment, UC_ADMIN_TOKEN: other });

    expect(await clientOf(second, other).status("/api/v1/sources")).toBe(200);
    await until(
      () => clientOf(first, other).status("/api/v1/sources"),
      (status) => status === 200,
      1_000,
    );
    expect(await clientOf(first, adminToken).status("/api/v1/sources")).toBe(401);
  }, 120_000);
});
