import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import * as PasswordHasherLayer from "../../src/adapters/secrets/password-hasher.ts";
import { PasswordHasher } from "../../src/services/access/password-hasher.ts";
import { browser, loggedIn } from "../support/browser.ts";
import { cuttable } from "../support/cuttable.ts";
import { testDatabase } from "../support/postgres.ts";
import { jsonOf, type TestService, testService } from "../support/service.ts";

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

const PASSWORD = "correct horse battery";
const LOGIN = "/api/v1/auth/login";
const LOGOUT = "/api/v1/auth/logout";
const ME = "/api/v1/auth/me";
const CSRF = "/api/v1/auth/csrf-token";
const CHANGE = "/api/v1/auth/change-password";
const HOUR = 3_600_000;
/** Hashing is slow on purpose. */
const SLOW = 120_000;

let count = 0;

/** A new user, and the user's id. */
async function newUser(role = "user") {
  const username = `user-${++count}`;
  const made = await service.send("POST", "/api/v1/users", {
    username,
    password: PASSWORD,
    role,
  });
  expect(made.status).toBe(201);
  return { username, id: Number((await jsonOf(made)).id) };
}

const patch = (id: number, fields: object) =>
  service.send("PATCH", `/api/v1/users/${id}`, fields);

/** As `status CODE`, the code of a success being `OK`. */
async function told(answer: Promise<Response> | Response): Promise<string> {
  const response = await answer;
  const body = await jsonOf(response);
  return `${response.status} ${body.success ? "OK" : (body.message_code ?? body.code)}`;
}

/** As if all tries to log in had been made `millis` earlier. */
const ageTries = (millis: number) => service.sql`
  update login_attempts set ends_at = ends_at - ${millis},
    tried_at = array(select at - ${millis} from unnest(tried_at) at order by at)`;

/** A process as it is called from `address`. */
const from = (address: string, process = service) => ({
  request: (path: string, init?: RequestInit) => process.request(path, init, address),
});

const cookieOf = (response: Response) => response.headers.getSetCookie();

describe("GET /api/v1/auth/csrf-token", () => {
  test("gives a stranger a token and a cookie, of which nothing is kept", async () => {
    const response = await browser(service).request(CSRF);

    const body = await jsonOf(response);
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(body).toMatchObject({ success: true, error: false });
    expect(body.data).toEqual({ csrf_token: expect.stringMatching(/^[\w-]{43}$/) });
    expect(cookieOf(response)).toEqual([
      expect.stringMatching(/^uc_session=pre\.[\w.-]+; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(await service.sql`select 1 from sessions`).toHaveLength(0);
  });

  test("gives the same token for the same cookie, on every process, and another for another", async () => {
    const one = browser(service);
    const token = await one.csrfToken();

    expect(await one.csrfToken()).toBe(token);
    expect(await browser(other, one.cookie).csrfToken()).toBe(token);
    expect(await browser(service).csrfToken()).not.toBe(token);
  });

  test("gives a new cookie in the place of one that is not ours", async () => {
    for (const foreign of [
      "x",
      "pre.mi0000000.AAAAAAAAAAAAAAAAAAAAAA." + "A".repeat(43),
    ]) {
      const response = await browser(service, foreign).request(CSRF);

      expect(cookieOf(response)).toHaveLength(1);
    }
  });

  test("marks the cookie for https alone where the call came by https", async () => {
    const response = await service.request(`https://cache.example.com${CSRF}`, {
      headers: { cookie: "x=1" },
    });

    expect(cookieOf(response)[0]).toEndWith("; HttpOnly; SameSite=Lax; Secure");
  });
});

describe("POST /api/v1/auth/login", () => {
  test("opens a session that every process knows, under a new cookie", async () => {
    const { username, id } = await newUser("guest");
    const user = browser(service);
    await user.csrfToken();
    const before = user.cookie;

    const response = await user.login(username, PASSWORD);

    const account = { id, username, role: "guest", is_active: true };
    expect(response.status).toBe(200);
    expect((await jsonOf(response)).data).toEqual({ user: account });
    expect(cookieOf(response)).toEqual([
      expect.stringMatching(/^uc_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/),
    ]);
    expect(user.cookie).not.toBe(before);
    const me = await browser(other, user.cookie).request(ME);
    expect((await jsonOf(me)).data).toEqual({ user: account, token: null });
    const [kept] = await service.sql`select * from sessions where user_id = ${id}`;
    expect(JSON.stringify(kept)).not.toContain(user.cookie);
  });

  test("ends the session that the cookie held before", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const before = user.cookie;

    expect(await told(user.login(username, PASSWORD))).toBe("200 OK");

    expect(user.cookie).not.toBe(before);
    expect(await told(browser(service, before).request(ME))).toBe(
      "401 AUTHENTICATION_REQUIRED",
    );
  });

  test("takes both spellings of an accented letter, in the name and in the password", async () => {
    const password = "mot de passe tr\u00e8s long";
    await service.send("POST", "/api/v1/users", {
      username: "Ren\u0065\u0301",
      password: password.normalize("NFD"),
      role: "user",
    });

    expect(await told(browser(service).login("Ren\u00e9", password))).toBe("200 OK");
  });

  test(
    "says the same of a wrong password, an unknown name, and what can be no name or password",
    async () => {
      const { username } = await newUser();
      const tries = [
        [username, "wrong"],
        [username, `${PASSWORD} `],
        [username.toUpperCase(), PASSWORD],
        ["nobody", PASSWORD],
        ["a\u0000b", PASSWORD],
        ["\ud800", "\ud800"],
        ["x".repeat(200), PASSWORD],
        [username, "é".repeat(1_000)],
      ] as const;

      const answers = [];
      for (const [name, password] of tries) {
        const response = await browser(service).login(name, password);
        expect(response.headers.getSetCookie()).toEqual([]);
        const body = await jsonOf(response);
        answers.push({ ...body, status: response.status, error_id: "", timestamp: "" });
      }

      expect(answers[0]).toMatchObject({
        status: 401,
        message_code: "INVALID_CREDENTIALS",
      });
      for (const answer of answers) expect(answer).toEqual(answers[0]);
    },
    SLOW,
  );

  test(
    "takes as long for an unknown name as for a wrong password",
    async () => {
      const { username } = await newUser();
      const user = browser(service);
      const millisOf = async (name: string) => {
        const startedAt = performance.now();
        await user.login(name, "wrong password");
        return performance.now() - startedAt;
      };
      const known: number[] = [];
      const unknown: number[] = [];
      for (let trial = 0; trial < 7; trial++) {
        known.push(await millisOf(username));
        unknown.push(await millisOf("nobody-at-all"));
      }

      // The quickest of each is the one that least disturbed.
      const ratio = Math.min(...unknown) / Math.min(...known);
      expect(ratio).toBeWithin(0.5, 2);
    },
    SLOW,
  );

  test("tells those alone who know the password that the account is not active", async () => {
    const { username, id } = await newUser();
    await patch(id, { is_active: false });
    const user = browser(service);

    expect(await told(user.login(username, "wrong"))).toBe("401 INVALID_CREDENTIALS");
    expect(await told(user.login(username, PASSWORD))).toBe("403 ACCOUNT_DISABLED");
  });

  test(
    "takes ten tries in a minute over two processes, and not the right password after them",
    async () => {
      const { username } = await newUser();
      const users = [browser(service), browser(other)];
      const tries = Array.from({ length: 10 }, (_, index) => users[index % 2]);
      for (const user of tries) {
        expect(await told(user?.login(username, "wrong") ?? new Response("{}"))).toBe(
          "401 INVALID_CREDENTIALS",
        );
      }

      const eleventh = await browser(other).login(username, PASSWORD);

      expect(Number(eleventh.headers.get("Retry-After"))).toBeWithin(1, 61);
      expect(await told(eleventh)).toBe("429 RATE_LIMIT_EXCEEDED");
      await ageTries(60_000);
      expect(await told(browser(service).login(username, PASSWORD))).toBe("200 OK");
    },
    SLOW,
  );

  test(
    "forgets the tries once the password was right",
    async () => {
      const { username } = await newUser();
      const user = browser(service);
      for (let round = 0; round < 2; round++) {
        for (let index = 0; index < 9; index++) await user.login(username, "wrong");
        expect(await told(user.login(username, PASSWORD))).toBe("200 OK");
      }
    },
    SLOW,
  );

  test(
    "lets in who knows the password, while a stranger elsewhere tries the same name",
    async () => {
      const { username } = await newUser();
      const stranger = browser(from("203.0.113.1"));
      const tries = [];
      for (let index = 0; index < 12; index++) {
        tries.push(await told(stranger.login(username, "wrong")));
      }
      expect(tries.slice(9)).toEqual([
        "401 INVALID_CREDENTIALS",
        "429 RATE_LIMIT_EXCEEDED",
        "429 RATE_LIMIT_EXCEEDED",
      ]);

      const user = browser(from("203.0.113.2", other));
      expect(await told(user.login(username, PASSWORD))).toBe("200 OK");
      expect(await told(stranger.login(username, PASSWORD))).toBe(
        "429 RATE_LIMIT_EXCEEDED",
      );
    },
    SLOW,
  );

  test(
    "takes a hundred wrong passwords of one IPv6 network, whatever the names, and checks none after them",
    async () => {
      const { username } = await newUser();
      const tryFrom = (index: number, process = service) =>
        browser(from(`2001:db8:7::${index}`, process)).login(`spray-${index}`, "wrong");
      for (let index = 0; index < 50; index++) {
        const both = [tryFrom(2 * index), tryFrom(2 * index + 1, other)];
        expect(await Promise.all(both.map(told))).toEqual(
          Array(2).fill("401 INVALID_CREDENTIALS"),
        );
        // All of them within a quarter of an hour, and no two in a minute.
        if (index % 10 === 9) await ageTries(60_000);
      }

      const refused = await browser(from("2001:db8:7::ffff")).login(username, PASSWORD);

      expect(Number(refused.headers.get("Retry-After"))).toBeWithin(540, 601);
      expect(refused.status).toBe(429);
      const neighbour = browser(from("2001:db8:7:1::1"));
      expect(await told(neighbour.login(username, PASSWORD))).toBe("200 OK");
      await ageTries(600_000);
      const again = browser(from("2001:db8:7::ffff"));
      expect(await told(again.login(username, PASSWORD))).toBe("200 OK");
    },
    SLOW,
  );

  test(
    "lets nobody be kept out by a stranger who tries many names at once",
    async () => {
      const { username } = await newUser();
      const user = browser(from("203.0.113.4"));
      await user.csrfToken();
      const strangers = Array.from({ length: 60 }, () => browser(from("203.0.113.3")));
      await Promise.all(strangers.map((stranger) => stranger.csrfToken()));

      const [answer, ...tries] = await Promise.all(
        [
          ...strangers.map((stranger, index) => stranger.login(`many-${index}`, "wrong")),
          user.login(username, PASSWORD),
        ].toReversed(),
      );

      expect(answer?.status).toBe(200);
      const refused = tries.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(refused.map(({ headers }) => headers.get("Retry-After"))).toEqual(
        refused.map(() => "10"),
      );
      expect(tries.length - refused.length).toBeGreaterThanOrEqual(6);
    },
    SLOW,
  );

  test(
    "puts a hash of today in the place of one by weaker parameters",
    async () => {
      const { username, id } = await newUser();
      const weak = await Effect.runPromise(
        PasswordHasher.use((hasher) => hasher.hash(PASSWORD)).pipe(
          Effect.provide(PasswordHasherLayer.layerBy({ logN: 10, r: 8, p: 1 })),
        ),
      );
      const kept = async () =>
        (await service.sql`select password_hash from users where id = ${id}`)[0]?.[
          "password_hash"
        ];
      await service.sql`update users set password_hash = ${weak} where id = ${id}`;

      const both = await Promise.all([
        told(browser(service).login(username, PASSWORD)),
        told(browser(other).login(username, PASSWORD)),
      ]);

      expect(both).toEqual(["200 OK", "200 OK"]);
      expect(await kept()).toStartWith("scrypt$13$8$1$");
      expect(await told(browser(service).login(username, PASSWORD))).toBe("200 OK");
    },
    SLOW,
  );

  test.each([
    [{ username: "mia" }, "400 VALIDATION_ERROR"],
    [{ username: "mia", password: 5 }, "400 VALIDATION_ERROR"],
    [{ username: "", password: "x" }, "400 VALIDATION_ERROR"],
    [{ username: "mia", password: "x".repeat(1_025) }, "400 VALIDATION_ERROR"],
    [{ username: "mia", password: "x", remember: true }, "400 VALIDATION_ERROR"],
    ["{", "400 VALIDATION_ERROR"],
  ])("refuses the body %j with %p", async (body, expected) => {
    expect(await told(browser(service).send("POST", LOGIN, body))).toBe(expected);
  });
});

describe("a session", () => {
  test("is over after 12 hours without a call, and not a moment earlier", async () => {
    const { username, id } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const age = (millis: number) => service.sql`
      update sessions set seen_at = seen_at - ${millis}::bigint where user_id = ${id}`;

    await age(12 * HOUR - 30_000);
    expect(await told(user.request(ME))).toBe("200 OK");
    // The call before was noted.
    await age(12 * HOUR - 30_000);
    expect(await told(user.request(ME))).toBe("200 OK");
    await age(12 * HOUR + 1_000);
    expect(await told(user.request(ME))).toBe("401 AUTHENTICATION_REQUIRED");
  });

  test("is over after seven days, however much it is used", async () => {
    const { username, id } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);

    await service.sql`
      update sessions set ends_at = ends_at - ${7 * 24 * HOUR}::bigint where user_id = ${id}`;

    expect(await told(user.request(ME))).toBe("401 AUTHENTICATION_REQUIRED");
  });

  test("has the role that its user has now, and ends with the user's being active", async () => {
    // Who may go only while another is there.
    await newUser("admin");
    const { username, id } = await newUser("guest");
    const user = await loggedIn(other, username, PASSWORD);
    const usersStatus = async () => (await user.request("/api/v1/users")).status;

    expect(await usersStatus()).toBe(403);
    await patch(id, { role: "admin" });
    expect(await usersStatus()).toBe(200);
    await patch(id, { role: "user" });
    expect(await usersStatus()).toBe(403);
    await patch(id, { is_active: false });
    expect(await usersStatus()).toBe(401);
    await patch(id, { is_active: true });
    expect(await usersStatus()).toBe(401);
  });

  test(
    "ends when its user is deleted, or is given another password",
    async () => {
      const [first, second] = [await newUser(), await newUser()];
      const one = await loggedIn(other, first.username, PASSWORD);
      const two = await loggedIn(other, second.username, PASSWORD);

      await service.request(`/api/v1/users/${first.id}`, { method: "DELETE" });
      await patch(second.id, { password: "another long password" });

      expect(await told(one.request(ME))).toBe("401 AUTHENTICATION_REQUIRED");
      expect(await told(two.request(ME))).toBe("401 AUTHENTICATION_REQUIRED");
      const again = browser(service);
      expect(await told(again.login(second.username, PASSWORD))).toBe(
        "401 INVALID_CREDENTIALS",
      );
      expect(await told(again.login(second.username, "another long password"))).toBe(
        "200 OK",
      );
    },
    SLOW,
  );

  test("is not looked at where a header claims to hold a token", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const headers: readonly Record<string, string>[] = [
      { authorization: "Bearer uc_unknown" },
      { authorization: "Bearer" },
      { "x-api-key": "uc_unknown" },
      { "x-api-key": "" },
    ];

    for (const own of headers) {
      expect([
        own,
        (await user.request("/api/v1/info", { headers: own })).status,
      ]).toEqual([own, 401]);
    }
    const basic = { authorization: "Basic dXNlcjp4" };
    expect((await user.request("/api/v1/info", { headers: basic })).status).toBe(200);
  });

  test("is believed by no two cookies that differ", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const ask = async (cookie: string) =>
      (await service.request("/api/v1/info", { headers: { cookie } })).status;

    expect(await ask(`uc_session=${user.cookie}; uc_session=${user.cookie}`)).toBe(200);
    expect(await ask(`uc_session=${user.cookie}; uc_session=x`)).toBe(401);
    expect(await ask(`uc_session=x; uc_session=${user.cookie}`)).toBe(401);
  });
});

describe("POST /api/v1/auth/logout", () => {
  test("ends the session everywhere, takes the cookie back, and leaves the user's others", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const second = await loggedIn(service, username, PASSWORD);
    const before = user.cookie;

    const response = await user.send("POST", LOGOUT);

    expect((await jsonOf(response)).data).toEqual({ ended_sessions: 1 });
    expect(cookieOf(response)).toEqual([
      "uc_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
    ]);
    expect(await told(browser(other, before).request(ME))).toBe(
      "401 AUTHENTICATION_REQUIRED",
    );
    expect(await told(second.request(ME))).toBe("200 OK");
  });

  test("ends all sessions of the user where it is to be everywhere", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const second = await loggedIn(other, username, PASSWORD);

    const response = await user.send("POST", LOGOUT, { everywhere: true });

    expect((await jsonOf(response)).data).toEqual({ ended_sessions: 2 });
    expect(await told(second.request(ME))).toBe("401 AUTHENTICATION_REQUIRED");
  });

  test("ends nothing for a token, which stays valid", async () => {
    const response = await service.request(LOGOUT, { method: "POST" });

    expect((await jsonOf(response)).data).toEqual({ ended_sessions: 0 });
    expect((await service.request("/api/v1/info")).status).toBe(200);
  });

  test("refuses what it does not know", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);

    expect(await told(user.send("POST", LOGOUT, { everywhere: "yes" }))).toBe(
      "400 VALIDATION_ERROR",
    );
    expect(await told(user.request(ME))).toBe("200 OK");
  });
});

describe("GET /api/v1/auth/me", () => {
  test("names the token that calls", async () => {
    const response = await service.request(ME);

    expect((await jsonOf(response)).data).toEqual({
      user: null,
      token: { id: "bootstrap", name: "bootstrap admin", role: "admin" },
    });
  });
});

describe("POST /api/v1/auth/change-password", () => {
  const change = (current_password: string, new_password: string) => ({
    current_password,
    new_password,
  });

  test(
    "takes the new password, and ends the user's other sessions",
    async () => {
      const { username } = await newUser();
      const user = await loggedIn(service, username, PASSWORD);
      const second = await loggedIn(other, username, PASSWORD);
      const wanted = "another long password";

      expect(await told(user.send("POST", CHANGE, change(PASSWORD, wanted)))).toBe(
        "200 OK",
      );

      expect(await told(user.request(ME))).toBe("200 OK");
      expect(await told(second.request(ME))).toBe("401 AUTHENTICATION_REQUIRED");
      const fresh = browser(other);
      expect(await told(fresh.login(username, PASSWORD))).toBe("401 INVALID_CREDENTIALS");
      expect(await told(fresh.login(username, wanted))).toBe("200 OK");
    },
    SLOW,
  );

  test("says what is wrong with a password in Chinese, or in English where that is asked for", async () => {
    const { username } = await newUser();
    const user = await loggedIn(service, username, PASSWORD);
    const faultIn = async (language: string) => {
      const headers = { "accept-language": language };
      const answer = await user.send("POST", CHANGE, change(PASSWORD, "short"), headers);
      return (await jsonOf(answer)).context.errors;
    };

    expect(await faultIn("zh")).toEqual([
      { field: "new_password", message: "至少需要 12 个字符" },
    ]);
    expect(await faultIn("en")).toEqual([
      { field: "new_password", message: "Must have at least 12 characters" },
    ]);
  });

  test(
    "changes nothing without the current password, nor for a password that is none",
    async () => {
      const { username } = await newUser();
      const user = await loggedIn(service, username, PASSWORD);
      const wrongs = [
        [change("wrong", "another long password"), "401 INVALID_CREDENTIALS"],
        [change(PASSWORD, "short"), "400 VALIDATION_ERROR"],
        [change(PASSWORD, PASSWORD), "400 VALIDATION_ERROR"],
        [{ new_password: "another long password" }, "400 VALIDATION_ERROR"],
      ] as const;

      for (const [body, expected] of wrongs) {
        expect([body, await told(user.send("POST", CHANGE, body))]).toEqual([
          body,
          expected,
        ]);
      }
      expect(await told(browser(service).login(username, PASSWORD))).toBe("200 OK");
    },
    SLOW,
  );

  test(
    "counts tries of the current password as logins",
    async () => {
      const { username } = await newUser();
      const user = await loggedIn(service, username, PASSWORD);
      const guess = () =>
        user.send("POST", CHANGE, change("wrong", "another long password"));
      for (let index = 0; index < 10; index++) await guess();

      expect(await told(guess())).toBe("429 RATE_LIMIT_EXCEEDED");
      expect(await told(browser(service).login(username, PASSWORD))).toBe(
        "429 RATE_LIMIT_EXCEEDED",
      );
    },
    SLOW,
  );

  test("is refused to a token, which has no password", async () => {
    const body = change(PASSWORD, "another long password");

    expect(await told(service.send("POST", CHANGE, body))).toBe(
      "403 PERMISSION_REQUIRED",
    );
  });
});

describe("with the store away", () => {
  test(
    "a session is 500 in the admin face and 503 in the API, never 401; a token still counts",
    async () => {
      await using database = await testDatabase();
      const wire = await cuttable(database);
      await using lost = await testService({ worker: "off", address: { url: wire.url } });
      await lost.send("POST", "/api/v1/users", {
        username: "mia",
        password: PASSWORD,
        role: "user",
      });
      const user = await loggedIn(lost, "mia", PASSWORD);
      const headers = { "x-csrftoken": await user.csrfToken() };
      await wire.cut();

      expect(await told(user.request(ME))).toBe("500 INTERNAL_ERROR");
      expect(await told(user.request("/api/v1/info"))).toBe("503 STORE_UNAVAILABLE");
      expect(await told(user.request(LOGOUT, { method: "POST", headers }))).toBe(
        "500 INTERNAL_ERROR",
      );
      expect((await lost.request("/api/v1/info")).status).toBe(200);
    },
    SLOW,
  );
});
