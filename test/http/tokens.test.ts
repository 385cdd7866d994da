import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { tokenHash } from "../../src/domain/access/token.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { timed } from "../support/moving-clock.ts";

/** Two processes on one database. */
let service: TestService;
let other: TestService;

beforeAll(async () => {
  service = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: service.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const TOKENS = "/api/v1/tokens";
const TOKEN_ID = /^k_[0-9a-f]{32}$/;
const DAY = 86_400_000;
const MOMENT = 100;

const create = (body: unknown, at = service) => at.send("POST", TOKENS, body);

/** A new token, as it was answered. */
async function made(fields: object = {}) {
  const response = await create({ name: "a token", role: "guest", ...fields });
  expect(response.status).toBe(201);
  return jsonOf(response);
}

const calls = async (at: TestService, token: string, path = "/api/v1/info") =>
  (await at.request(path, { headers: { authorization: `Bearer ${token}` } })).status;

const remove = (id: string) => service.request(`${TOKENS}/${id}`, { method: "DELETE" });

const listed = async (query = "") => jsonOf(await service.request(TOKENS + query));

/** Milliseconds until `ask` gives `wanted`. */
async function millisUntil(ask: () => Promise<number>, wanted: number) {
  const until = () => eventually(ask, (status) => status === wanted);
  return (await timed(service, until)).millis;
}

describe("POST /api/v1/tokens", () => {
  test("shows a token that counts at once here, and within a second elsewhere", async () => {
    const response = await create({ name: "weather team", role: "user" });

    const body = await jsonOf(response);
    expect(response.status).toBe(201);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(body).toEqual({
      id: expect.stringMatching(TOKEN_ID),
      name: "weather team",
      role: "user",
      token: expect.stringMatching(/^uc_[\w-]{43}$/),
      expires_at: null,
      sources: null,
      projects: null,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(await calls(service, body.token)).toBe(200);
    expect(await millisUntil(() => calls(other, body.token), 200)).toBeLessThan(1_000);
  });

  test("keeps of the token its SHA-256 alone", async () => {
    const { id, token } = await made();

    const [row] = await service.sql`select * from tokens where id = ${id}`;
    expect(Buffer.from(row?.["hash"]).equals(tokenHash(token))).toBe(true);
    expect(JSON.stringify(row)).not.toContain(token.slice(3));
  });

  test("takes an expiry, sources and projects, and gives them back", async () => {
    const projects = [{ name: "weather", permissions: ["API_MANAGEMENT:MANAGE"] }];
    const expiresAt = new Date(Date.now() + DAY).toISOString();

    const body = await made({
      expires_at: expiresAt.replace("Z", "+00:00"),
      sources: ["weather", "not-there-yet", "weather"],
      projects,
    });

    expect(body).toMatchObject({
      expires_at: expiresAt,
      sources: ["weather", "not-there-yet"],
      projects,
    });
  });

  test("gives a token that ends when it says, in every process", async () => {
    const endsAt = Date.now() + 2_000;
    const { token } = await made({ expires_at: new Date(endsAt).toISOString() });

    for (const process of [service, other]) {
      await eventually(
        async () => {
          const askedAt = Date.now();
          const status = await calls(process, token);
          // Of the two clocks one may be a moment behind the other.
          if (process === service && Date.now() < endsAt - MOMENT)
            expect(status).toBe(200);
          if (askedAt > endsAt + MOMENT) expect(status).toBe(401);
          return askedAt;
        },
        (askedAt) => askedAt > endsAt + MOMENT,
      );
    }
  });

  test.each([
    [{}, "name"],
    [{ name: "x" }, "role"],
    [{ name: "x", role: "root" }, "role"],
    [{ name: "", role: "user" }, "name"],
    [{ name: " ", role: "user" }, "name"],
    [{ name: "x".repeat(201), role: "user" }, "name"],
    [{ name: "a\u0000b", role: "user" }, "name"],
    [{ name: 5, role: "user" }, "name"],
    [{ name: "x", role: "user", token: "uc_mine" }, "token"],
    [{ name: "x", role: "user", id: "bootstrap" }, "id"],
    [{ name: "x", role: "user", expires_at: "tomorrow" }, "expires_at"],
    [{ name: "x", role: "user", expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ name: "x", role: "user", expires_at: 1_900_000_000 }, "expires_at"],
    [{ name: "x", role: "user", sources: [] }, "sources"],
    [{ name: "x", role: "user", sources: ["No Source"] }, "sources[0]"],
    [{ name: "x", role: "user", sources: "weather" }, "sources"],
    [{ name: "x", role: "user", projects: [{ name: "p" }] }, "projects[0].permissions"],
    [
      { name: "x", role: "user", projects: [{ name: "p", permissions: ["manage"] }] },
      "projects[0].permissions[0]",
    ],
  ])("refuses %j for its %s", async (body, field) => {
    const response = await create(body);

    expect(response.status).toBe(422);
    const { errors } = await jsonOf(response);
    expect(errors.map((error: { field: string }) => error.field)).toContain(field);
  });
});

describe("GET /api/v1/tokens", () => {
  test("tells everything of a token but the token", async () => {
    const { token, ...shown } = await made({ sources: ["weather"] });

    const response = await service.request(TOKENS);
    const text = await response.text();
    const found = JSON.parse(text).items.find(
      ({ id }: { id: string }) => id === shown.id,
    );
    expect(found).toEqual({ ...shown, last_used_at: null });
    expect(text).not.toContain(token);
    expect(text).not.toContain(Buffer.from(tokenHash(token)).toString("hex"));
    expect(text).not.toContain("hash");
  });

  test("goes through all tokens page by page, in one order", async () => {
    for (let index = 0; index < 3; index++) await made();
    const all = (await listed("?limit=1000")).items.map(({ id }: { id: string }) => id);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page: any = await listed(
        `?limit=2${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      seen.push(...page.items.map(({ id }: { id: string }) => id));
      cursor = page.next_cursor;
    }

    expect(seen).toEqual(all);
    expect(seen).toEqual(seen.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    expect((await service.request(`${TOKENS}?cursor=x.y`)).status).toBe(422);
    expect((await service.request(`${TOKENS}?limit=0`)).status).toBe(422);
  });

  test("tells when a token was last used, once its process has said so", async () => {
    const { id, token } = await made();
    const third = await testService({ worker: "off", address: service.address });
    const before = Date.now();
    expect(await calls(third, token)).toBe(200);
    await third[Symbol.asyncDispose]();

    const { items } = await listed("?limit=1000");
    const { last_used_at } = items.find((item: { id: string }) => item.id === id);
    expect(Date.parse(last_used_at)).toBeWithin(before - 1_000, Date.now() + 1_000);
  });
});

describe("DELETE /api/v1/tokens/{id}", () => {
  test("ends the token at once here, and within a second elsewhere", async () => {
    const { id, token } = await made();
    await eventually(
      () => calls(other, token),
      (status) => status === 200,
    );

    const response = await remove(id);

    expect([response.status, await response.text()]).toEqual([204, ""]);
    expect(await calls(service, token)).toBe(401);
    expect(await millisUntil(() => calls(other, token), 401)).toBeLessThan(1_000);
    expect((await listed("?limit=1000")).items).not.toContainEqual(
      expect.objectContaining({ id }),
    );
  });

  test("is 404 for a token that is not there, or is no longer", async () => {
    const { id } = await made();
    await remove(id);

    for (const unknown of [id, "k_1", "x".repeat(500)]) {
      const response = await remove(unknown);
      expect([response.status, (await jsonOf(response)).code]).toEqual([
        404,
        "TOKEN_NOT_FOUND",
      ]);
    }
  });

  test("is 409 for the bootstrap token, which the next start would bring back", async () => {
    const response = await remove("bootstrap");

    expect([response.status, (await jsonOf(response)).code]).toEqual([
      409,
      "TOKEN_NOT_REVOCABLE",
    ]);
    expect((await service.request("/api/v1/info")).status).toBe(200);
  });
});

describe("tokens and users", () => {
  const routes = [
    ["GET", "/api/v1/tokens"],
    ["POST", "/api/v1/tokens"],
    ["DELETE", "/api/v1/tokens/x"],
    ["GET", "/api/v1/users"],
    ["POST", "/api/v1/users"],
    ["GET", "/api/v1/users/1"],
    ["PATCH", "/api/v1/users/1"],
    ["DELETE", "/api/v1/users/1"],
  ] as const;

  test("are for admins, and for none who is restricted to sources", async () => {
    const callers = [
      await made({ role: "guest" }),
      await made({ role: "user" }),
      await made({ role: "admin", sources: ["weather"] }),
    ];

    for (const { token } of callers) {
      for (const [method, path] of routes) {
        const headers = { authorization: `Bearer ${token}` };
        const response = await service.request(path, { method, headers });

        expect([method, path, response.status]).toEqual([method, path, 403]);
        expect((await jsonOf(response)).code).toBe("PERMISSION_REQUIRED");
      }
    }
  });

  test("are in the audit trail, without the token", async () => {
    const { id, token } = await made({ name: "traced", sources: ["weather"] });
    await remove(id);

    const records = await service.sql`
      select actor, action, target, details from audit_records
      where target = ${id} order by id`;
    expect([...records]).toEqual([
      {
        actor: "token:bootstrap",
        action: "token.create",
        target: id,
        details: { name: "traced", role: "guest", sources: ["weather"] },
      },
      {
        actor: "token:bootstrap",
        action: "token.revoke",
        target: id,
        details: { name: "traced" },
      },
    ]);
    expect(JSON.stringify(records)).not.toContain(token);
  });
});
