/**
 * Logging in: by a client that has a token, and so needs no other, and by one that has none.
 *
 * @module
 */
import { expect } from "bun:test";
import { good, refused } from "../client.ts";
import type { Step } from "../step.ts";
import { PASSWORD } from "./access.ts";

export const loginSteps: readonly Step[] = [
  {
    title: "gets a token for logging in",
    run: async ({ client }) => {
      const { data } = good(await client.GET("/api/v1/auth/csrf-token"), 200);

      expect(data.csrf_token).toMatch(/^[\w-]{43}$/);
    },
  },
  {
    title: "logs in, and is refused with another password",
    run: async ({ client, sourceId }) => {
      const username = `mia of ${sourceId}`;
      const path = "/api/v1/auth/login";
      const answer = await client.POST(path, { body: { username, password: PASSWORD } });
      const wrong = await client.POST(path, { body: { username, password: "wrong" } });

      expect(good(answer, 200).data.user).toMatchObject({ username, is_active: true });
      expect(answer.response.headers.get("set-cookie")).toContain("HttpOnly");
      expect(refused(wrong, 401).message_code).toBe("INVALID_CREDENTIALS");
    },
  },
  {
    title: "learns that it calls with a token, which has no password and no session",
    run: async ({ client }) => {
      const { data } = good(await client.GET("/api/v1/auth/me"), 200);
      const changed = await client.POST("/api/v1/auth/change-password", {
        body: { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
      });
      const ended = good(await client.POST("/api/v1/auth/logout", { body: {} }), 200);

      expect([data.user, data.token?.role]).toEqual([null, "admin"]);
      expect(refused(changed, 403).message_code).toBe("PERMISSION_REQUIRED");
      expect(ended.data.ended_sessions).toBe(0);
    },
  },
  {
    title: "without a token logs in as a browser does, and changes its password",
    run: async ({ client, sourceId }) => {
      const username = `mia of ${sourceId}`;
      const none = { authorization: null };
      const csrfPath = "/api/v1/auth/csrf-token";
      const before = await client.GET(csrfPath, { headers: none });
      const login = await client.POST("/api/v1/auth/login", {
        headers: {
          ...none,
          cookie: cookieOf(before.response),
          "x-csrftoken": good(before, 200).data.csrf_token,
        },
        body: { username, password: PASSWORD },
      });
      const session = { ...none, cookie: cookieOf(login.response) };
      const { data } = good(await client.GET(csrfPath, { headers: session }), 200);

      const changed = await client.POST("/api/v1/auth/change-password", {
        headers: { ...session, "x-csrftoken": data.csrf_token },
        body: { current_password: PASSWORD, new_password: `${PASSWORD} 2` },
      });

      expect(good(changed, 200).success).toBe(true);
    },
  },
];

const cookieOf = ({ headers }: Response) =>
  headers.get("set-cookie")?.split(";")[0] ?? "";
