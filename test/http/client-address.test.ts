import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { parseCidrs } from "../../src/domain/source/address-rules.ts";
import { clientAddress, isHttps, notePeer } from "../../src/http/client-address.ts";
import { OPEN_NETWORK, underPolicy } from "../../src/http/network-policy.ts";

const parsed = parseCidrs("10.0.0.0/8");
const trustedProxies = parsed._tag === "Parsed" ? parsed.cidrs : [];

/** What is known of a call by `method` after `c.env.peer` was asked `good` times. */
async function known(method: string, good: number, peer = "192.0.2.7") {
  let asked = 0;
  const app = new Hono();
  app.use(notePeer);
  app.all("*", async (c) => {
    await Promise.resolve();
    return c.json([clientAddress(c) ?? null, clientAddress(c) ?? null]);
  });
  const env = { peer: () => (++asked > good ? "" : peer) };
  return [await (await app.request("/", { method }, env)).json(), asked];
}

describe("clientAddress()", () => {
  test("of a change is noted at once, for when the client has gone", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      expect(await known(method, 1)).toEqual([["192.0.2.7", "192.0.2.7"], 1]);
    }
  });

  test("of a read is asked for when it is wanted", async () => {
    expect(await known("GET", 1)).toEqual([["192.0.2.7", null], 2]);
  });

  test("has one spelling, without the name of a network card", async () => {
    expect((await known("POST", 1, "FE80:0::1%eth0"))[0]).toEqual(["fe80::1", "fe80::1"]);
    expect((await known("POST", 1, "::ffff:192.0.2.7"))[0]).toEqual([
      "192.0.2.7",
      "192.0.2.7",
    ]);
  });

  test("is this machine's where there is no connection", async () => {
    const app = new Hono().get("/", (c) => c.text(clientAddress(c) ?? "unknown"));

    expect(await (await app.request("/")).text()).toBe("127.0.0.1");
  });
});

describe("isHttps()", () => {
  const answer = async (url: string, proto: string | undefined, trusts: boolean) => {
    const app = new Hono();
    app.use(underPolicy(trusts ? { ...OPEN_NETWORK, trustedProxies } : OPEN_NETWORK));
    app.get("/", (c) => c.json(isHttps(c)));
    const headers = proto === undefined ? {} : { "X-Forwarded-Proto": proto };
    return (await app.request(url, { headers }, { peer: () => "10.0.0.1" })).json();
  };

  test("believes a trusted proxy more than our own connection", async () => {
    expect(await answer("http://a.test/", "https", true)).toBe(true);
    expect(await answer("https://a.test/", "http", true)).toBe(false);
  });

  test("goes by our own connection where no trusted proxy says anything", async () => {
    expect(await answer("http://a.test/", "https", false)).toBe(false);
    expect(await answer("https://a.test/", "http", false)).toBe(true);
    expect(await answer("https://a.test/", undefined, true)).toBe(true);
    expect(await answer("http://a.test/", "wss", true)).toBe(false);
  });
});
