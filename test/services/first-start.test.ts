import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSecret } from "../../src/adapters/secrets/kept-secret.ts";
import { tokenHash } from "../../src/domain/access/token.ts";
import { ensureAdmin, type Generated } from "../../src/first-start.ts";
import { addAdminToken } from "../../src/services/access/bootstrap.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { UserStore } from "../../src/services/access/user-store.ts";
import { browser } from "../support/browser.ts";
import { type TestService, testConfig, testService } from "../support/service.ts";

let service: TestService;
let folder: string;
const config = testConfig({});
const nothing: Generated = { token: undefined, password: undefined };

beforeEach(async () => {
  service = await testService({ worker: "off" });
  await service.sql`delete from tokens`;
  folder = mkdtempSync(join(tmpdir(), "uni-cache-first-start-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await service[Symbol.asyncDispose]();
});

const start = () => service.run(ensureAdmin(config, folder));
const aUser = () => service.sql`
  insert into users (username, role, password_hash, is_active, created_at)
  values ('somebody', 'user', '', true, 0)`;
const tokenInForce = async () => {
  const [row] = await service.sql<{ hash: Uint8Array }[]>`
    select hash from tokens where id = 'bootstrap'`;
  return Buffer.from(row?.hash ?? []).toString("hex");
};
const hashOf = (token: string | undefined) =>
  Buffer.from(tokenHash(token ?? "")).toString("hex");
const statusOfLogin = async (password: string | undefined) =>
  (await browser(service).login("admin", password ?? "")).status;

describe("ensureAdmin()", () => {
  test("makes token and password once, tells them once, and keeps them", async () => {
    const { token, password } = await start();

    expect(await start()).toEqual(nothing);
    expect(readSecret(folder, "admin-token")).toBe(token);
    expect(readSecret(folder, "admin-password")).toBe(password);
    expect(await tokenInForce()).toBe(hashOf(token));
    expect(await statusOfLogin(password)).toBe(200);
  });

  test("keeps and tells a token that it made and another process put in force", async () => {
    await aUser();
    let theirs: Generated | undefined;
    // Another process starts and is done just when this one has made the file.
    const overtaken = Effect.gen(function* () {
      const store = yield* TokenStore;
      const add: typeof store.add = (token) =>
        Effect.promise(async () => void (theirs = await start())).pipe(
          Effect.andThen(store.add(token)),
        );
      const overtakable = Effect.provideService(TokenStore, { ...store, add });
      return yield* overtakable(ensureAdmin(config, folder));
    });

    const ours = await service.run(overtaken);

    const kept = readSecret(folder, "admin-token");
    expect(await tokenInForce()).toBe(hashOf(kept));
    expect([ours.token, theirs?.token]).toEqual([kept, undefined]);
  });

  test("keeps and tells a password that it made and another process gave to the user", async () => {
    await service.run(addAdminToken("given-token-0123456789"));
    let theirs: Generated | undefined;
    const overtaken = Effect.gen(function* () {
      const store = yield* UserStore;
      const add: typeof store.add = (user) =>
        Effect.promise(async () => void (theirs = await start())).pipe(
          Effect.andThen(store.add(user)),
        );
      const overtakable = Effect.provideService(UserStore, { ...store, add });
      return yield* overtakable(ensureAdmin(config, folder));
    });

    const ours = await service.run(overtaken);

    const kept = readSecret(folder, "admin-password");
    expect(await statusOfLogin(kept)).toBe(200);
    expect([ours.password, theirs?.password]).toEqual([kept, undefined]);
  });

  test("forgets a password that it made while another process gave the user its own", async () => {
    const given = { ...config, adminPassword: "a password of their own" };
    const overtaken = Effect.gen(function* () {
      const store = yield* UserStore;
      const add: typeof store.add = (user) =>
        Effect.promise(() => service.run(ensureAdmin(given, folder))).pipe(
          Effect.andThen(store.add(user)),
        );
      const overtakable = Effect.provideService(UserStore, { ...store, add });
      return yield* overtakable(ensureAdmin(config, folder));
    });

    expect((await service.run(overtaken)).password).toBeUndefined();

    expect(existsSync(join(folder, "admin-password"))).toBe(false);
    expect(await statusOfLogin(given.adminPassword)).toBe(200);
  });

  test("of many starts at once makes one token, which one of them tells", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, start));

    const kept = readSecret(folder, "admin-token");
    expect(await tokenInForce()).toBe(hashOf(kept));
    const told = all.flatMap(({ token }) => token ?? []);
    expect(told).toEqual([kept ?? ""]);
    const passwords = all.flatMap(({ password }) => password ?? []);
    expect(passwords).toEqual([readSecret(folder, "admin-password") ?? ""]);
  });

  test("forgets a file that it made for nothing, another token being in force", async () => {
    const given = { ...config, adminToken: "given-token-0123456789" };
    await service.run(ensureAdmin(given, folder));
    expect(existsSync(join(folder, "admin-token"))).toBe(false);

    expect((await start()).token).toBeUndefined();

    expect(existsSync(join(folder, "admin-token"))).toBe(false);
    expect(await tokenInForce()).toBe(hashOf(given.adminToken));
  });

  test("makes no password where there are users", async () => {
    await aUser();

    expect((await start()).password).toBeUndefined();
    expect(existsSync(join(folder, "admin-password"))).toBe(false);
  });
});
