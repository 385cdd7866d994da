/**
 * Contract §7.9: what a client may ask of the cache.
 */
import { afterAll, describe, expect, test } from "bun:test";
import type { Role } from "../../../src/domain/access/permission.ts";
import { addToken } from "../own-tokens.ts";
import { dataPlane } from "./data-plane-service.ts";
import { labelOf, numbered, readWhole, statusOf, statusSince, told } from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy, service } = plane;
const { get, send } = readWhole(plane);

const RFC = { ttl: undefined };
const answer = () => numbered({ "Cache-Control": "max-age=60" });
const modes = [
  ["ttl", {}],
  ["rfc", RFC],
] as const;

describe.each(modes)("under %s a client", (mode, settings) => {
  test.each(["no-cache", "max-age=0", "No-Cache", "foo, max-age=0"])(
    "refreshes with Cache-Control: %s",
    async (wish) => {
      const name = `wish-${mode}-${wish.toLowerCase().replaceAll(/[^a-z]/g, "")}${wish.length}${wish[0] === "N" ? "u" : ""}`;
      await proxy(name, { answer: answer(), settings });
      const startedAt = performance.now();
      await get(`${name}/a`);
      const fresh = await get(`${name}/a`, { "cache-control": wish });
      const status = "uni-cache;fwd=request;stored;ttl=60";
      expect(statusSince(startedAt, fresh, status)).toBe(status);
      expect(await told(fresh)).toBe("MISS call 2");
      expect(await told(await get(`${name}/a`))).toBe("HIT call 2");
    },
  );

  test("neither uses nor stores with no-store", async () => {
    const name = `wish-${mode}-nostore`;
    await proxy(name, { answer: answer(), settings });
    const headers = { "cache-control": "no-store" };
    expect(await told(await get(`${name}/a`, headers))).toBe("BYPASS call 1");
    expect(await told(await get(`${name}/a`))).toBe("MISS call 2");
    const past = await get(`${name}/a`, headers);
    expect(statusOf(past)).toBe('uni-cache;fwd=request;detail="no-store"');
    expect(await told(past)).toBe("BYPASS call 3");
    expect(await told(await get(`${name}/a`))).toBe("HIT call 2");
  });

  test("gets 504 for only-if-cached where nothing is stored", async () => {
    const name = `wish-${mode}-only`;
    await proxy(name, { answer: answer(), settings });
    const headers = { "cache-control": "only-if-cached" };
    const missing = await get(`${name}/a`, headers);
    expect(missing.status).toBe(504);
    expect(await missing.json()).toMatchObject({ error: "gateway_timeout" });
    expect(callsOf(`/${name}/`)).toHaveLength(0);
    await get(`${name}/a`);
    expect(await told(await get(`${name}/a`, headers))).toBe("HIT call 1");
  });

  test("refreshes with Pragma: no-cache where it sends no Cache-Control", async () => {
    const name = `wish-${mode}-pragma`;
    await proxy(name, { answer: answer(), settings });
    await get(`${name}/a`);
    const pragma = { pragma: "no-cache" };
    expect(await told(await get(`${name}/a`, pragma))).toBe("MISS call 2");
    const both = { ...pragma, "cache-control": "foo" };
    expect(await told(await get(`${name}/a`, both))).toBe("HIT call 2");
  });

  test("that fails to refresh is not given the old answer as if it were new", async () => {
    const name = `wish-${mode}-fails`;
    await proxy(name, { answer: answer(), settings });
    await get(`${name}/a`);
    plane.answers.set(name, (request) => void request.socket.destroy());
    const failed = await get(`${name}/a`, { "cache-control": "no-cache" });
    // Under a ttl the old answer may stand in, and says that it is one.
    expect([failed.status, labelOf(failed)]).toEqual(
      mode === "ttl" ? [200, "STALE"] : [502, null],
    );
    expect(await told(await get(`${name}/a`))).toBe("HIT call 1");
  });
});

describe("invalidationRequiresAuthn", () => {
  const closed = { invalidationRequiresAuthn: true };
  const wishes = ["no-cache", "max-age=0", "no-store"];

  describe.each(modes)("under %s", (mode, settings) => {
    test.each(wishes)("STOP answers %s of nobody with 401", async (wish) => {
      const name = `stop-${mode}-${wish.replaceAll(/\W/g, "")}`;
      await proxy(name, { answer: answer(), settings: { ...settings, ...closed } });
      await get(`${name}/a`);
      const refused = await get(`${name}/a`, { "cache-control": wish });
      expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([
        401,
        "Bearer",
      ]);
      expect(await refused.json()).toEqual({
        error: "unauthorized_client",
        error_description: "Invalid token",
      });
      expect(callsOf(`/${name}/`)).toHaveLength(1);
      expect(labelOf(await get(`${name}/a`))).toBe("HIT");
    });

    test.each(wishes)("CONTINUE ignores %s of nobody", async (wish) => {
      const name = `cont-${mode}-${wish.replaceAll(/\W/g, "")}`;
      await proxy(name, {
        answer: answer(),
        settings: { ...settings, ...closed, handlingAction: "CONTINUE" },
      });
      expect(labelOf(await get(`${name}/a`))).toBe("MISS");
      const ignored = await get(`${name}/a`, { "cache-control": wish });
      expect(await told(ignored)).toBe("HIT call 1");
    });

    test.each(["user", "admin"] as const)("a token of a %s is heard", async (role) => {
      const name = `heard-${mode}-${role}`;
      await proxy(name, { answer: answer(), settings: { ...settings, ...closed } });
      await get(`${name}/a`);
      const token = await addToken(service, { role });
      const wish = { "cache-control": "no-cache" };
      const byKey = await get(`${name}/a`, { ...wish, "x-api-key": token });
      expect(await told(byKey)).toBe("MISS call 2");
      const byBearer = await get(`${name}/a`, {
        ...wish,
        authorization: `Bearer ${token}`,
      });
      expect(await told(byBearer)).toBe("MISS call 3");
      expect(await told(await get(`${name}/a`))).toBe("HIT call 3");
    });
  });

  test("CONTINUE hears a token with update as STOP does", async () => {
    await proxy("cont-heard", {
      answer: answer(),
      settings: { ...closed, handlingAction: "CONTINUE" },
    });
    await get("cont-heard/a");
    const token = await addToken(service, { role: "user" });
    const wish = { "cache-control": "no-cache", "x-api-key": token };
    expect(await told(await get("cont-heard/a", wish))).toBe("MISS call 2");
  });

  test.each([
    ["a token of a guest", "guest"],
    ["a token that is not known", undefined],
    ["a key of the upstream", undefined],
  ] as const)("%s is not heard", async (whose, role?: Role) => {
    const name = `unheard-${whose.replaceAll(/\W/g, "")}`;
    await proxy(name, {
      answer: numbered({ "Cache-Control": "public" }),
      settings: closed,
    });
    await get(`${name}/a`);
    const token =
      role === undefined
        ? whose.includes("upstream")
          ? "theirs"
          : `uc_${"0".repeat(40)}`
        : await addToken(service, { role });
    const wish = { "cache-control": "no-cache", authorization: `Bearer ${token}` };
    expect((await get(`${name}/a`, wish)).status).toBe(401);
    expect(callsOf(`/${name}/`)).toHaveLength(1);
  });

  test("a token that may touch other sources only is not heard", async () => {
    await proxy("elsewhere", { answer: answer(), settings: closed });
    await get("elsewhere/a");
    const token = await addToken(service, { role: "user", sources: ["another"] });
    const wish = { "cache-control": "no-cache", "x-api-key": token };
    expect((await get("elsewhere/a", wish)).status).toBe(401);
    expect(callsOf("/elsewhere/")).toHaveLength(1);
  });

  test("Pragma: no-cache counts as the wish it is", async () => {
    await proxy("pragma", { answer: answer(), settings: closed });
    await get("pragma/a");
    expect((await get("pragma/a", { pragma: "no-cache" })).status).toBe(401);
  });

  test("what costs nothing is heard of anyone", async () => {
    await proxy("free", { answer: answer(), settings: closed });
    await get("free/a");
    const only = await get("free/a", { "cache-control": "only-if-cached" });
    expect(labelOf(only)).toBe("HIT");
    expect((await get("free/b", { "cache-control": "only-if-cached" })).status).toBe(504);
  });

  test("a request that is not looked up anyway needs no token, whatever it says", async () => {
    await proxy("posted", { answer: answer(), settings: closed });
    const init = { body: "x", headers: { "cache-control": "no-cache" } };
    const posted = await send("POST", "posted/a", init);
    expect([posted.status, labelOf(posted)]).toEqual([200, "BYPASS"]);
  });

  test("a request with no wish needs no token", async () => {
    await proxy("wishless", { answer: answer(), settings: closed });
    expect(labelOf(await get("wishless/a"))).toBe("MISS");
    expect(labelOf(await get("wishless/a"))).toBe("HIT");
    expect((await send("POST", "wishless/a", { body: "x" })).status).toBe(200);
  });
});
