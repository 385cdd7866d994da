/**
 * Contract §7.5: what is between one user and another.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { addToken } from "../own-tokens.ts";
import { dataPlane } from "./data-plane-service.ts";
import {
  echoOf,
  labelOf,
  numbered,
  readWhole,
  reply,
  statusOf,
  told,
} from "./replies.ts";

const plane = await dataPlane();
afterAll(() => plane[Symbol.asyncDispose]());
const { callsOf, proxy, service } = plane;
const { get } = readWhole(plane);

const CREDENTIALS = [
  ["Authorization", "Basic YW5uOjE=", "Basic Ym9iOjE="],
  ["Authorization", "Bearer theirs-1", "Bearer theirs-2"],
  ["Cookie", "session=ann", "session=bob"],
  ["X-API-Key", "upstream-key-ann", "upstream-key-bob"],
  ["X-Auth-Token", "ann", "bob"],
  ["Ocp-Apim-Subscription-Key", "ann", "bob"],
] as const;
const named = (prefix: string, header: string, value: string) =>
  `${prefix}-${header}-${value}`.toLowerCase().replaceAll(/[^a-z0-9-]/g, "");

describe("under a ttl", () => {
  test.each(CREDENTIALS)(
    "what was asked with %s: %s is not stored",
    async (header, ann, bob) => {
      const name = named("closed", header, ann);
      await proxy(name, { answer: echoOf(header), settings: {} });
      const first = await get(`${name}/a`, { [header]: ann });
      expect(await told(first)).toBe(`MISS ${ann}`);
      expect(statusOf(first)).toBe(
        'uni-cache;fwd=uri-miss;detail="credentials are no part of the key"',
      );
      expect(await told(await get(`${name}/a`, { [header]: bob }))).toBe(`MISS ${bob}`);
      expect(await told(await get(`${name}/a`))).toBe("MISS none");
    },
  );

  test.each(CREDENTIALS)(
    "and %s: %s is not answered with what a nobody has stored",
    async (header, ann) => {
      const name = named("open", header, ann);
      await proxy(name, { answer: echoOf(header), settings: {} });
      expect(await told(await get(`${name}/a`))).toBe("MISS none");
      expect(await told(await get(`${name}/a`, { [header]: ann }))).toBe(`MISS ${ann}`);
      expect(await told(await get(`${name}/a`))).toBe("HIT none");
    },
  );

  test.each(["public", "s-maxage=1", "must-revalidate"])(
    "the origin allows it by %s",
    async (allowed) => {
      const name = `allowed-${allowed.replaceAll(/[^a-z]/g, "")}`;
      await proxy(name, {
        answer: numbered({ "Cache-Control": allowed }),
        settings: {},
      });
      const first = await get(`${name}/a`, { authorization: "Basic YQ==" });
      expect(await told(first)).toBe("MISS call 1");
      expect(statusOf(first)).toMatch(/^uni-cache;fwd=uri-miss;stored;ttl=\d+$/);
      expect(await told(await get(`${name}/a`, { authorization: "Basic Yg==" }))).toBe(
        "HIT call 1",
      );
      expect(await told(await get(`${name}/a`, { cookie: "a=b" }))).toBe("HIT call 1");
      expect(await told(await get(`${name}/a`))).toBe("HIT call 1");
    },
  );

  test.each(["private, public", "public, no-store", "max-age=60"])(
    "the origin does not allow it by %s",
    async (said) => {
      const name = `denied-${said.replaceAll(/[^a-z]/g, "")}`;
      await proxy(name, { answer: numbered({ "Cache-Control": said }), settings: {} });
      const headers = { authorization: "Basic YQ==" };
      await get(`${name}/a`, headers);
      expect(await told(await get(`${name}/a`, headers))).toBe("MISS call 2");
    },
  );

  test.each(CREDENTIALS)(
    "with %s: %s as part of the key each has an entry of its own",
    async (header, ann, bob) => {
      const name = named("part", header, ann);
      await proxy(name, {
        answer: echoOf(header),
        settings: {
          cacheKeyType: "CUSTOM",
          variableList: [
            {
              name: "who",
              dataType: "STRING",
              from: { type: "HEADER", headerName: header },
            },
          ],
        },
      });
      const ask = (value: string) => get(`${name}/a`, { [header]: value }).then(told);
      expect(await ask(ann)).toBe(`MISS ${ann}`);
      expect(await ask(ann)).toBe(`HIT ${ann}`);
      expect(await ask(bob)).toBe(`MISS ${bob}`);
      expect(await ask(bob)).toBe(`HIT ${bob}`);
      expect(await told(await get(`${name}/a`))).toBe("MISS none");
    },
  );

  test.each(CREDENTIALS)(
    "an origin that varies by %s: %s gives each its own",
    async (header, ann, bob) => {
      const name = named("vary", header, ann);
      await proxy(name, { answer: echoOf(header, { Vary: header }), settings: {} });
      const ask = (value: string) => get(`${name}/a`, { [header]: value }).then(told);
      expect(await ask(ann)).toBe(`MISS ${ann}`);
      expect(await ask(bob)).toBe(`MISS ${bob}`);
      expect([await ask(ann), await ask(bob)]).toEqual([`HIT ${ann}`, `HIT ${bob}`]);
    },
  );

  test("a part of the key does not cover another credential", async () => {
    await proxy("half", {
      answer: echoOf("cookie"),
      settings: {
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "who",
            dataType: "STRING",
            from: { type: "HEADER", headerName: "Authorization" },
          },
        ],
      },
    });
    const ask = (cookie: string) =>
      get("half/a", { authorization: "Basic YQ==", cookie }).then(told);
    expect(await ask("a=ann")).toBe("MISS a=ann");
    expect(await ask("a=bob")).toBe("MISS a=bob");
  });

  test("an API key in the query that is left out of a CUSTOM key is not shared", async () => {
    await proxy("query-key", {
      settings: {
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "id",
            dataType: "STRING",
            from: { type: "PARAMETER", paramType: "QUERY", paramName: "id" },
          },
        ],
      },
    });
    const one = await get("query-key/a?id=1&api_key=ann");
    const two = await get("query-key/a?id=1&api_key=bob");
    expect([labelOf(one), labelOf(two)]).toEqual(["MISS", "MISS"]);
  });

  test("an API key in the query is not covered by a Vary on the header of that name", async () => {
    await proxy("same-name", {
      answer: numbered({ Vary: "X-API-Key" }),
      settings: {
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "id",
            dataType: "STRING",
            from: { type: "PARAMETER", paramType: "QUERY", paramName: "id" },
          },
        ],
      },
    });
    const ask = (key: string) => get(`same-name/a?id=1&x-api-key=${key}`).then(told);
    expect([await ask("ann"), await ask("bob")]).toEqual(["MISS call 1", "MISS call 2"]);
  });

  test("Set-Cookie is passed on to who asked, and never stored", async () => {
    await proxy("cookies", {
      answer: numbered({ "Set-Cookie": ["sid=1; Path=/", "b=2"] }),
      settings: {},
    });
    const first = await get("cookies/a");
    expect(first.headers.getSetCookie()).toEqual(["sid=1; Path=/", "b=2"]);
    const second = await get("cookies/a");
    expect(await told(second)).toBe("HIT call 1");
    expect(second.headers.getSetCookie()).toEqual([]);
    const rows = await service.sql`
      select 1 from entries where space like 'g%' and headers::text ilike '%set-cookie%'`;
    expect(rows).toHaveLength(0);
  });
});

describe("our own credentials", () => {
  test("a token of ours is no credential of the upstream: its answer is shared", async () => {
    await proxy("ours", { answer: numbered(), settings: {} });
    const token = await addToken(service, { role: "user" });
    expect(await told(await get("ours/a", { "x-api-key": token }))).toBe("MISS call 1");
    expect(await told(await get("ours/a"))).toBe("HIT call 1");
    expect(await told(await get("ours/a", { authorization: `Bearer ${token}` }))).toBe(
      "HIT call 1",
    );
    expect(await told(await get("ours/a", { cookie: "uc_session=abc" }))).toBe(
      "HIT call 1",
    );
  });
});

describe("credentials in what is stored", () => {
  test("stand nowhere in the clear: not in keys, params, nor what an answer varies by", async () => {
    const secret = "s3cr3t-of-ann";
    await proxy("secrets", {
      answer: reply("x", { Vary: "Authorization, Cookie, X-Auth-Token" }),
      settings: {
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "who",
            dataType: "STRING",
            from: { type: "HEADER", headerName: "X-API-Key" },
          },
          {
            name: "how",
            dataType: "STRING",
            from: { type: "PARAMETER", paramType: "QUERY", paramName: "access_token" },
          },
        ],
      },
    });
    await proxy("query-secrets", { settings: {} });
    const headers = {
      authorization: `Bearer ${secret}`,
      cookie: `a=${secret}`,
      "x-auth-token": secret,
      "x-api-key": secret,
    };
    const path = `secrets/a?access_token=${secret}`;
    expect(labelOf(await get(path, headers))).toBe("MISS");
    expect(labelOf(await get(path, headers))).toBe("HIT");
    expect(labelOf(await get(`query-secrets/a?api_key=${secret}`))).toBe("MISS");
    expect(labelOf(await get(`query-secrets/a?api_key=${secret}`))).toBe("HIT");
    const rows = await service.sql<{ text: string }[]>`
      select row_to_json(entries)::text as text from entries where space like 'g%'`;
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.map(({ text }) => text).join()).not.toContain(secret);
    expect(callsOf("/secrets/")).toHaveLength(1);
  });
});

describe("with the ttl absent", () => {
  const rfc = { ttl: undefined };

  test("Authorization is stored only where the origin allows it", async () => {
    await proxy("rfc-auth", {
      answer: numbered({ "Cache-Control": "max-age=60" }),
      settings: rfc,
    });
    const headers = { authorization: "Basic YQ==" };
    const first = await get("rfc-auth/a", headers);
    expect(statusOf(first)).toBe(
      'uni-cache;fwd=uri-miss;detail="credentials are no part of the key"',
    );
    expect(await told(await get("rfc-auth/a", headers))).toBe("MISS call 2");

    await proxy("rfc-public", {
      answer: numbered({ "Cache-Control": "public, max-age=60" }),
      settings: rfc,
    });
    await get("rfc-public/a", headers);
    expect(await told(await get("rfc-public/a"))).toBe("HIT call 1");
  });

  test("the RFC alone decides about Cookie: it is shared where nothing forbids it", async () => {
    await proxy("rfc-cookie", {
      answer: numbered({ "Cache-Control": "max-age=60" }),
      settings: rfc,
    });
    await get("rfc-cookie/a", { cookie: "a=ann" });
    expect(await told(await get("rfc-cookie/a", { cookie: "a=bob" }))).toBe("HIT call 1");
  });

  test("an upstream's API key is shared only where the origin allows it", async () => {
    await proxy("rfc-key", {
      answer: echoOf("x-api-key", { "Cache-Control": "max-age=60" }),
      settings: rfc,
    });
    expect(await told(await get("rfc-key/a", { "x-api-key": "ann" }))).toBe("MISS ann");
    expect(await told(await get("rfc-key/a", { "x-api-key": "bob" }))).toBe("MISS bob");
  });

  test("Authorization that is part of the key is each one's own", async () => {
    await proxy("rfc-part", {
      answer: echoOf("authorization", { "Cache-Control": "max-age=60" }),
      settings: {
        ...rfc,
        cacheKeyType: "CUSTOM",
        variableList: [
          {
            name: "who",
            dataType: "STRING",
            from: { type: "HEADER", headerName: "Authorization" },
          },
        ],
      },
    });
    const ask = (authorization: string) =>
      get("rfc-part/a", { authorization }).then(told);
    expect(await ask("Basic YQ==")).toBe("MISS Basic YQ==");
    expect(await ask("Basic Yg==")).toBe("MISS Basic Yg==");
    expect(await ask("Basic YQ==")).toBe("HIT Basic YQ==");
  });
});
