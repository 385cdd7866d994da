import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Exit } from "effect";
import { addAdminUser } from "../../src/services/access/bootstrap.ts";
import { browser, loggedIn } from "../support/browser.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";

let service: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
});
afterAll(() => service[Symbol.asyncDispose]());

const USERS = "/api/v1/users";
const PASSWORD = "correct horse battery";
let count = 0;
const newName = () => `user-${++count}`;

const create = (fields: object = {}) =>
  service.send("POST", USERS, {
    username: newName(),
    password: PASSWORD,
    role: "user",
    ...fields,
  });

async function made(fields: object = {}) {
  const response = await create(fields);
  expect(response.status).toBe(201);
  return jsonOf(response);
}

const read = (id: number | string) => service.request(`${USERS}/${id}`);
const patch = (id: number | string, fields: unknown) =>
  service.send("PATCH", `${USERS}/${id}`, fields);
const remove = (id: number | string) =>
  service.request(`${USERS}/${id}`, { method: "DELETE" });

const told = async (answer: Promise<Response>) => {
  const response = await answer;
  return `${response.status} ${(await jsonOf(response)).code}`;
};

describe("POST /api/v1/users", () => {
  test("makes a user, of whose password no answer tells", async () => {
    const username = newName();
    const response = await create({ username, role: "guest", is_active: false });

    const text = await response.text();
    const body = JSON.parse(text);
    expect(response.status).toBe(201);
    expect(response.headers.get("Location")).toBe(`${USERS}/${body.id}`);
    expect(body).toEqual({
      id: expect.any(Number),
      username,
      role: "guest",
      is_active: false,
      created_at: expect.stringMatching(/Z$/),
      updated_at: body.created_at,
    });
    const [row] = await service.sql`select * from users where id = ${body.id}`;
    expect(row?.["password_hash"]).toStartWith("scrypt$");
    expect(JSON.stringify(row)).not.toContain(PASSWORD);
  });

  test("is 409 for a name that is taken, in either spelling of an accented letter", async () => {
    const name = `Ren\u00e9 ${newName()}`;
    await made({ username: name });

    expect(await told(create({ username: name }))).toBe("409 USER_EXISTS");
    expect(await told(create({ username: name.normalize("NFD") }))).toBe(
      "409 USER_EXISTS",
    );
    expect((await made({ username: name.toUpperCase() })).username).toBe(
      name.toUpperCase(),
    );
  });

  test.each([
    [{ username: "" }, "username"],
    [{ username: " mia" }, "username"],
    [{ username: "a\u0000b" }, "username"],
    [{ username: "x".repeat(65) }, "username"],
    [{ username: 5 }, "username"],
    [{ username: "\ud800" }, "username"],
    [{ password: "short" }, "password"],
    [{ password: "x".repeat(1_025) }, "password"],
    [{ username: "the same long name", password: "the same long name" }, "password"],
    [{ password: undefined }, "password"],
    [{ role: "root" }, "role"],
    [{ role: undefined }, "role"],
    [{ is_active: "yes" }, "is_active"],
    [{ id: 5 }, "id"],
  ])("refuses %j for its %s", async (fields, field) => {
    const response = await create(fields);

    expect(response.status).toBe(422);
    const { errors } = await jsonOf(response);
    expect(errors.map((error: { field: string }) => error.field)).toContain(field);
  });
});

describe("GET /api/v1/users", () => {
  test("goes through all users page by page, in the order they were made in", async () => {
    for (let index = 0; index < 4; index++) await made();
    const all: number[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page: any = await jsonOf(await service.request(`${USERS}?limit=3${query}`));
      expect(page.items.length).toBeLessThanOrEqual(3);
      all.push(...page.items.map(({ id }: { id: number }) => id));
      cursor = page.next_cursor;
    }

    const stored = await service.sql`select id from users order by id`;
    expect(all).toEqual(stored.map(({ id }) => Number(id)));
    expect(await (await service.request(USERS)).text()).not.toMatch(/hash|scrypt/);
  });
});

describe("GET /api/v1/users/{id}", () => {
  test("gives the user, and 404 for whatever is no user's id", async () => {
    const user = await made();

    expect(await jsonOf(await read(user.id))).toEqual(user);
    for (const id of [
      "0",
      "-1",
      "1.5",
      "x",
      "999999",
      "99999999999999999999",
      "01",
      "1e1",
    ]) {
      expect([id, await told(read(id))]).toEqual([id, "404 USER_NOT_FOUND"]);
    }
  });
});

describe("PATCH /api/v1/users/{id}", () => {
  test("changes what it names and nothing else", async () => {
    const user = await made();

    const changed = await jsonOf(await patch(user.id, { role: "guest" }));

    expect(changed).toEqual({ ...user, role: "guest", updated_at: expect.any(String) });
    expect(Date.parse(changed.updated_at)).toBeGreaterThanOrEqual(
      Date.parse(user.created_at),
    );
    expect((await browser(service).login(user.username, PASSWORD)).status).toBe(200);
  });

  test.each([
    [{}, "body"],
    [{ username: "other" }, "username"],
    [{ role: null }, "role"],
    [{ is_active: 1 }, "is_active"],
    [{ password: "short" }, "password"],
  ])("refuses %j for its %s", async (fields, field) => {
    const { id } = await made();
    const response = await patch(id, fields);

    expect(response.status).toBe(422);
    const { errors } = await jsonOf(response);
    expect(errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  test("is 404 for a user who is not there", async () => {
    expect(await told(patch(999_999, { role: "guest" }))).toBe("404 USER_NOT_FOUND");
  });
});

describe("DELETE /api/v1/users/{id}", () => {
  test("removes the user, whose name is free again", async () => {
    const { id, username } = await made();

    expect((await remove(id)).status).toBe(204);

    expect(await told(read(id))).toBe("404 USER_NOT_FOUND");
    expect(await told(remove(id))).toBe("404 USER_NOT_FOUND");
    expect((await made({ username })).id).not.toBe(id);
  });
});

describe("the last active admin", () => {
  test("stays one: neither deleted, nor put out of use, nor given another role", async () => {
    await service.sql`delete from users where role = 'admin'`;
    const admin = await made({ role: "admin" });
    const idle = await made({ role: "admin", is_active: false });

    expect(await told(remove(admin.id))).toBe("409 LAST_ADMIN");
    expect(await told(patch(admin.id, { is_active: false }))).toBe("409 LAST_ADMIN");
    expect(await told(patch(admin.id, { role: "user" }))).toBe("409 LAST_ADMIN");
    expect((await patch(admin.id, { role: "admin", is_active: true })).status).toBe(200);
    expect((await remove(idle.id)).status).toBe(204);
    await made({ role: "admin" });
    expect((await remove(admin.id)).status).toBe(204);
  });

  test("may take another password", async () => {
    await service.sql`delete from users where role = 'admin'`;
    const admin = await made({ role: "admin" });

    expect((await patch(admin.id, { password: "another long password" })).status).toBe(
      200,
    );
  });
});

describe("addAdminUser()", () => {
  test("makes the user admin where there is no user, and brings none back that was deleted", async () => {
    await service.sql`delete from users`;
    const add = (password: string) => service.run(addAdminUser(() => password));

    expect(await add("the first password")).toBe(true);
    expect(await add("another password")).toBeUndefined();
    const admin = await loggedIn(service, "admin", "the first password");
    expect((await jsonOf(await admin.request("/api/v1/auth/me"))).data.user.role).toBe(
      "admin",
    );

    await made({ role: "admin" });
    await service.sql`delete from users where username = 'admin'`;
    expect(await add("the first password")).toBeUndefined();
    expect((await browser(service).login("admin", "the first password")).status).toBe(
      401,
    );
  });
});

describe("addAdminUser() of several processes at once", () => {
  test("makes one user and one audit record, and tells each whether its password counts", async () => {
    await service.sql`delete from users`;
    await service.sql`delete from audit_records`;
    const passwords = ["the first password", "the second password"] as const;

    const told = await Promise.all(
      [...passwords, ...passwords].map((password) =>
        service.run(addAdminUser(() => password)),
      ),
    );

    const users = await service.sql`select id from users`;
    expect(users).toHaveLength(1);
    const records = await service.sql`
      select actor, action, target, details from audit_records`;
    expect([...records]).toEqual([
      {
        actor: "system",
        action: "user.create",
        target: `user:${users[0]?.["id"]}`,
        details: { username: "admin", role: "admin", is_active: true },
      },
    ]);
    const counts = async (password: string) =>
      (await browser(service).login("admin", password)).status === 200;
    const expected = await Promise.all(passwords.map(counts));
    expect(expected.toSorted()).toEqual([false, true]);
    expect(told).toEqual([...expected, ...expected]);
  });

  test("keeps no user whose audit record can't be kept", async () => {
    await service.sql`delete from users`;
    await service.sql`alter table audit_records add constraint full_up check (false) not valid`;
    const tried = await service
      .run(Effect.exit(addAdminUser(() => "the first password")))
      .finally(() => service.sql`alter table audit_records drop constraint full_up`);

    expect(Exit.isFailure(tried)).toBe(true);
    expect(await service.sql`select 1 from users`).toHaveLength(0);
  });
});

describe("changes of users", () => {
  test("are in the audit trail with who made them, without a password", async () => {
    const username = newName();
    const { id } = await made({ username });
    await made({ username: "auditor", role: "admin" });
    const auditor = await loggedIn(service, "auditor", PASSWORD);
    const wanted = "another long password";
    await auditor.send("PATCH", `${USERS}/${id}`, { role: "guest", password: wanted });
    await loggedIn(service, username, wanted).then(async (user) => {
      const change = { current_password: wanted, new_password: PASSWORD };
      await user.send("POST", "/api/v1/auth/change-password", change);
      await user.send("POST", "/api/v1/auth/logout", { everywhere: true });
    });
    await auditor.send("DELETE", `${USERS}/${id}`);

    const records = await service.sql`
      select actor_name, action, details from audit_records
      where target = ${`user:${id}`} order by id`;
    expect([...records]).toEqual([
      {
        actor_name: "bootstrap admin",
        action: "user.create",
        details: { username, role: "user", is_active: true },
      },
      {
        actor_name: "auditor",
        action: "user.change",
        details: { username, role: "guest", password: "changed" },
      },
      { actor_name: username, action: "password.change", details: { username } },
      {
        actor_name: username,
        action: "session.end",
        details: { username, everywhere: true, ended: 1 },
      },
      {
        actor_name: "auditor",
        action: "user.delete",
        details: { username, role: "guest" },
      },
    ]);
  });
});
