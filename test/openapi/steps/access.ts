/**
 * Tokens and users: who else may call, and for how long.
 *
 * @module
 */
import { expect } from "bun:test";
import { good, refused } from "../client.ts";
import type { Step } from "../step.ts";

export const PASSWORD = "correct horse battery staple";

export const accessSteps: readonly Step[] = [
  {
    title: "makes a token for one source, finds it in the list, and revokes it",
    run: async ({ client, sourceId }) => {
      const made = good(
        await client.POST("/api/v1/tokens", {
          body: {
            name: "one source's",
            role: "user",
            sources: [sourceId],
            projects: [{ name: "weather", permissions: ["API_MANAGEMENT:MANAGE"] }],
            expires_at: "2126-01-31T08:00:00Z",
          },
        }),
        201,
      );
      const query = { limit: 1_000 };
      const { items } = good(
        await client.GET("/api/v1/tokens", { params: { query } }),
        200,
      );
      const params = { path: { token_id: made.id } };
      const revoked = await client.DELETE("/api/v1/tokens/{token_id}", { params });
      const again = await client.DELETE("/api/v1/tokens/{token_id}", { params });

      expect(made.token).toStartWith("uc_");
      expect(items.find(({ id }) => id === made.id)?.sources).toEqual([sourceId]);
      expect(revoked.response.status).toBe(204);
      expect(refused(again, 404).code).toBe("TOKEN_NOT_FOUND");
    },
  },
  {
    title: "can't revoke the token that the service was started with",
    run: async ({ client }) => {
      const params = { path: { token_id: "bootstrap" } };

      const revoked = await client.DELETE("/api/v1/tokens/{token_id}", { params });

      expect(refused(revoked, 409).code).toBe("TOKEN_NOT_REVOCABLE");
    },
  },
  {
    title: "makes a user, changes and reads the user, and is told that the name is taken",
    run: async ({ client, sourceId }) => {
      const body = {
        username: `mia of ${sourceId}`,
        password: PASSWORD,
        role: "guest",
      } as const;
      const made = good(await client.POST("/api/v1/users", { body }), 201);
      const again = await client.POST("/api/v1/users", { body });
      const params = { path: { user_id: String(made.id) } };
      const path = "/api/v1/users/{user_id}";
      const changed = good(
        await client.PATCH(path, { params, body: { role: "user" } }),
        200,
      );
      const read = good(await client.GET(path, { params }), 200);
      const { items } = good(
        await client.GET("/api/v1/users", { params: { query: { limit: 1_000 } } }),
        200,
      );

      expect(refused(again, 409).code).toBe("USER_EXISTS");
      expect([changed.role, read.role]).toEqual(["user", "user"]);
      expect(items).toContainEqual(read);
    },
  },
  {
    title: "deletes a user",
    run: async ({ client, sourceId }) => {
      const body = {
        username: `leaver of ${sourceId}`,
        password: PASSWORD,
        role: "user",
      } as const;
      const { id } = good(await client.POST("/api/v1/users", { body }), 201);
      const params = { path: { user_id: String(id) } };
      const deleted = await client.DELETE("/api/v1/users/{user_id}", { params });
      const again = await client.GET("/api/v1/users/{user_id}", { params });

      expect(deleted.response.status).toBe(204);
      expect(refused(again, 404).code).toBe("USER_NOT_FOUND");
    },
  },
];
