import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { preSessionText } from "../../src/domain/access/pre-session.ts";
import { Signer } from "../../src/services/access/signer.ts";
import { browser, type Browser, loggedIn } from "../support/browser.ts";
import { codeOf } from "../support/failure-codes.ts";
import { adminToken, jsonOf, type TestService, testService } from "../support/service.ts";

let service: TestService;
let admin: Browser;
let guest: Browser;

const PASSWORD = "correct horse battery";
const HOUR = 3_600_000;
const LOGIN = "/api/v1/auth/login";
const LOGOUT = "/api/v1/auth/logout";

beforeAll(async () => {
  service = await testService({ worker: "off" });
  for (const role of ["admin", "guest"]) {
    await service.send("POST", "/api/v1/users", {
      username: role,
      password: PASSWORD,
      role,
    });
  }
  admin = await loggedIn(service, "admin", PASSWORD);
  guest = await loggedIn(service, "guest", PASSWORD);
});
afterAll(() => service[Symbol.asyncDispose]());

async function told(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  return `${response.status} ${codeOf(await jsonOf(response)) ?? "OK"}`;
}

let count = 0;

/** Makes a token, in the API's own face. */
const makeToken = (user: Browser, headers: Record<string, string>) =>
  user.request("/api/v1/tokens", {
    method: "POST",
    body: JSON.stringify({ name: `token ${++count}`, role: "guest" }),
    headers: { "content-type": "application/json", ...headers },
  });

const tokens = async () => (await service.sql`select 1 from tokens`).length;

describe("an unsafe call with a session", () => {
  test("is taken with the session's token", async () => {
    const headers = { "X-CSRFToken": await admin.csrfToken() };

    expect((await makeToken(admin, headers)).status).toBe(201);
  });

  test("is 403 CSRF_MISSING without a token, and changes nothing", async () => {
    const before = await tokens();

    expect(await told(makeToken(admin, {}))).toBe("403 CSRF_MISSING");
    expect(await told(makeToken(admin, { "X-CSRFToken": "" }))).toBe("403 CSRF_MISSING");
    expect(await tokens()).toBe(before);
  });

  test("is 403 CSRF_INVALID with the token of another session, of before the login, or of nobody", async () => {
    const stranger = browser(service);
    const foreign = [
      await guest.csrfToken(),
      await stranger.csrfToken(),
      "x",
      (await admin.csrfToken()).slice(0, -1),
      `${await admin.csrfToken()}A`,
      admin.cookie,
    ];
    const before = await tokens();

    for (const token of foreign) {
      expect(await told(makeToken(admin, { "X-CSRFToken": token }))).toBe(
        "403 CSRF_INVALID",
      );
    }
    expect(await tokens()).toBe(before);
  });

  test("needs the token in its header: neither a query nor another header has one", async () => {
    const token = await admin.csrfToken();
    const body = JSON.stringify({ name: "x", role: "guest" });
    const send = (path: string, headers: Record<string, string>) =>
      admin.request(path, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      });

    expect(await told(send(`/api/v1/tokens?csrf_token=${token}`, {}))).toBe(
      "403 CSRF_MISSING",
    );
    expect(await told(send("/api/v1/tokens", { "X-CSRF-Token": token }))).toBe(
      "403 CSRF_MISSING",
    );
  });

  test("is 403 CSRF_INVALID from a page of another site, whatever its token", async () => {
    const token = await admin.csrfToken();
    const from = (headers: Record<string, string>) =>
      told(makeToken(admin, { "X-CSRFToken": token, ...headers }));

    expect(await from({ Origin: "https://evil.test" })).toBe("403 CSRF_INVALID");
    expect(await from({ Origin: "null" })).toBe("403 CSRF_INVALID");
    expect(await from({ "Sec-Fetch-Site": "cross-site" })).toBe("403 CSRF_INVALID");
    expect(
      await from({ Origin: "http://localhost", "Sec-Fetch-Site": "same-origin" }),
    ).toBe("201 OK");
  });

  test("is taken from a page of an origin that the operator lists", async () => {
    await using listing = await testService({
      worker: "off",
      address: service.address,
      environment: { UC_CORS_ORIGINS: "https://friend.test" },
    });
    const user = browser(listing, admin.cookie);
    const token = await user.csrfToken();
    const from = (Origin: string) =>
      told(
        makeToken(user, { "X-CSRFToken": token, Origin, "Sec-Fetch-Site": "cross-site" }),
      );

    expect(await from("https://friend.test")).toBe("201 OK");
    expect(await from("https://friend.test.evil.test")).toBe("403 CSRF_INVALID");
  });

  test("is told first that nobody is logged in, then that the permission is missing, then of the token", async () => {
    const nobody = browser(service, "x".repeat(43));

    expect(await told(makeToken(nobody, {}))).toBe("401 AUTHENTICATION_REQUIRED");
    expect(await told(makeToken(guest, {}))).toBe("403 PERMISSION_REQUIRED");
    expect(await told(makeToken(admin, {}))).toBe("403 CSRF_MISSING");
  });

  test("needs the token on every route that is not safe", async () => {
    const unsafe = service.declared.filter(({ method }) => method !== "get");
    const paths = unsafe.map(({ path }) => path.replaceAll(/\{\w+\}/g, "x"));
    expect(unsafe.length).toBeGreaterThanOrEqual(15);

    for (const [index, { method, path }] of unsafe.entries()) {
      const response = admin.request(paths[index] ?? "", {
        method: method.toUpperCase(),
      });

      expect([method, path, await told(response)]).toEqual([
        method,
        path,
        "403 CSRF_MISSING",
      ]);
    }
  });

  test("is no business of a token in a header, whoever is logged in", async () => {
    const authorization = `Bearer ${adminToken}`;

    expect((await makeToken(guest, { authorization })).status).toBe(201);
    const evil = { authorization, Origin: "https://evil.test" };
    expect((await makeToken(guest, evil)).status).toBe(201);
  });
});

describe("a safe call with a session", () => {
  test("needs no token, wherever it comes from", async () => {
    const headers = { Origin: "https://evil.test", "Sec-Fetch-Site": "cross-site" };

    expect((await admin.request("/api/v1/tokens", { headers })).status).toBe(200);
    expect((await admin.request("/api/v1/info", { method: "HEAD" })).status).toBe(200);
  });
});

describe("a csrf_token in a JSON body", () => {
  const send = (headers: Record<string, string>, body: string) =>
    told(
      admin.request(LOGOUT, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", ...headers },
      }),
    );

  test("is 400 in the admin face, with the header or without, and changes nothing", async () => {
    const token = await admin.csrfToken();
    const bodies = [
      `{"csrf_token":"${token}"}`,
      `{"everywhere":false,"csrf_token":null}`,
    ];

    for (const body of bodies) {
      expect(await send({ "X-CSRFToken": token }, body)).toBe("400 VALIDATION_ERROR");
      expect(await send({}, body)).toBe("400 VALIDATION_ERROR");
    }
    expect((await admin.request("/api/v1/auth/me")).status).toBe(200);
  });

  test("is told after 401, and is nothing where it stands deeper", async () => {
    const response = browser(service, "x".repeat(43)).request(LOGOUT, {
      method: "POST",
      body: '{"csrf_token":"x"}',
      headers: { "content-type": "application/json" },
    });

    expect(await told(response)).toBe("401 AUTHENTICATION_REQUIRED");
    expect(await send({}, '{"x":{"csrf_token":"x"}}')).toBe("403 CSRF_MISSING");
  });

  test("is refused to a token's call too", async () => {
    expect(await told(service.send("POST", LOGOUT, { csrf_token: "x" }))).toBe(
      "400 VALIDATION_ERROR",
    );
  });

  const malformed = {
    api: "MALFORMED",
    admin: "VALIDATION_ERROR",
    gateway: "bad_request",
  };

  test("is 400 on every unsafe route to a session, with the header or without, and changes nothing", async () => {
    const token = await admin.csrfToken();
    const before = await tokens();
    const unsafe = service.declared.filter(({ method }) => method !== "get");
    expect(unsafe.length).toBeGreaterThanOrEqual(15);

    for (const { method, path, declaration } of unsafe) {
      for (const headers of [{ "X-CSRFToken": token }, {}] as const) {
        const response = admin.request(path.replaceAll(/\{\w+\}/g, "x"), {
          method: method.toUpperCase(),
          body: JSON.stringify({ name: "x", role: "guest", csrf_token: token }),
          headers: { "content-type": "application/json", ...headers },
        });
        const code = malformed[declaration.face ?? "api"];

        expect([method, path, await told(response)]).toEqual([
          method,
          path,
          `400 ${code}`,
        ]);
      }
    }
    expect(await tokens()).toBe(before);
  });

  test("is told after 401 and after a missing permission in the API's own face too", async () => {
    const send = (user: Browser) =>
      told(
        user.request("/api/v1/tokens", {
          method: "POST",
          body: '{"name":"x","role":"guest","csrf_token":"x"}',
          headers: { "content-type": "application/json" },
        }),
      );

    expect(await send(browser(service, "x".repeat(43)))).toBe(
      "401 AUTHENTICATION_REQUIRED",
    );
    expect(await send(guest)).toBe("403 PERMISSION_REQUIRED");
    expect(await send(admin)).toBe("400 MALFORMED");
  });

  test("is a field that there is not to a token's call in the API's own face", async () => {
    const draft = { name: "x", role: "guest", csrf_token: "x" };

    expect(await told(service.send("POST", "/api/v1/tokens", draft))).toBe(
      "422 VALIDATION_FAILED",
    );
  });

  test("leaves a session's body as it was to whoever reads it after", async () => {
    const headers = { "X-CSRFToken": await admin.csrfToken() };

    expect((await makeToken(admin, headers)).status).toBe(201);
    const tooMuch = admin.send("POST", "/api/v1/tokens", { name: "x".repeat(1_050_000) });
    expect(await told(tooMuch)).toBe("413 BODY_TOO_LARGE");
  });
});

describe("POST /api/v1/auth/login", () => {
  const login = (cookie: string, headers: Record<string, string>) =>
    service.request(LOGIN, {
      method: "POST",
      body: JSON.stringify({ username: "guest", password: PASSWORD }),
      headers: { "content-type": "application/json", cookie, ...headers },
    });

  test("needs the token of its cookie", async () => {
    const [one, two] = [browser(service), browser(service)];
    const [token, foreign] = [await one.csrfToken(), await two.csrfToken()];
    const cookie = `uc_session=${one.cookie}`;

    expect(await told(login(cookie, {}))).toBe("403 CSRF_MISSING");
    expect(await told(login(cookie, { "X-CSRFToken": foreign }))).toBe(
      "403 CSRF_INVALID",
    );
    expect(await told(login("a=b", { "X-CSRFToken": token }))).toBe("403 CSRF_INVALID");
    const evil = { "X-CSRFToken": token, Origin: "https://evil.test" };
    expect(await told(login(cookie, evil))).toBe("403 CSRF_INVALID");
    expect((await login(cookie, { "X-CSRFToken": token })).status).toBe(200);
  });

  test("takes no value that was not handed out", async () => {
    const one = browser(service);
    const token = await one.csrfToken();
    const [, until = "", random, tag] = one.cookie.split(".");
    const later = (Number.parseInt(until, 36) + 1).toString(36);
    const values = [`pre.${later}.${random}.${tag}`, "pre", "x".repeat(43)];

    for (const value of values) {
      const answer = login(`uc_session=${value}`, { "X-CSRFToken": token });
      expect(await told(answer)).toBe("403 CSRF_INVALID");
    }
  });

  test("takes a value for an hour", async () => {
    const signer = await service.run(Signer);
    const handedOut = (agoMillis: number) => {
      const text = preSessionText(Date.now() - agoMillis, new Uint8Array(16));
      const value = `pre.${text}.${signer.sign("pre-session", text)}`;
      return [
        `uc_session=${value}`,
        { "X-CSRFToken": signer.sign("csrf", value) },
      ] as const;
    };

    expect((await login(...handedOut(HOUR - 30_000))).status).toBe(200);
    expect(await told(login(...handedOut(HOUR + 1_000)))).toBe("403 CSRF_INVALID");
  });

  test("takes the token of the session that is logged in, and not of one that has ended", async () => {
    const user = await loggedIn(service, "guest", PASSWORD);
    const [token, cookie] = [await user.csrfToken(), `uc_session=${user.cookie}`];

    expect((await login(cookie, { "X-CSRFToken": token })).status).toBe(200);
    expect(await told(login(cookie, { "X-CSRFToken": token }))).toBe("403 CSRF_INVALID");
  });

  test("needs none with a valid token in a header, and the cookie's with one that is none", async () => {
    expect((await login("", { authorization: `Bearer ${adminToken}` })).status).toBe(200);
    expect(await told(login("", { authorization: "Bearer nobody" }))).toBe(
      "403 CSRF_MISSING",
    );
  });
});
