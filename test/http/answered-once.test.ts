import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { z } from "@hono/zod-openapi";
import { declareRoute, serve } from "../../src/http/route.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";
import { type OwnRoutes, ownRoutes } from "../support/own-routes.ts";

let service: TestService;
let routes: OwnRoutes;
/** How often the handler ran, and what it does. */
let runs = 0;
let handle: (request: Request) => Response | Promise<Response>;

const responses = { 200: { description: "Done" }, 409: { description: "Taken" } };

/** Two routes without a body, one that needs a body, and one that can do without. */
const turn = declareRoute(
  { needs: "update", restricted: "allowed", idempotent: true },
  { method: "post", path: "/turn/{name}", responses },
);
const turnBack = declareRoute(
  { needs: "update", restricted: "allowed", idempotent: true },
  { method: "put", path: "/turn/{name}", responses },
);
const fields = { "application/json": { schema: z.object({ n: z.int().optional() }) } };
const strict = declareRoute(
  { needs: "update", restricted: "allowed", idempotent: true, maxBodyMiB: 2 },
  {
    method: "put",
    path: "/strict",
    request: { body: { required: true, content: fields } },
    responses,
  },
);
const lenient = declareRoute(
  { needs: "update", restricted: "allowed", idempotent: true },
  {
    method: "post",
    path: "/lenient",
    request: { body: { required: false, content: fields } },
    responses,
  },
);

beforeAll(async () => {
  service = await testService({ worker: "off" });
  routes = ownRoutes(service, (api) => {
    for (const route of [turn, turnBack, strict]) {
      serve(
        api,
        route as typeof strict,
        (async (c: { req: { raw: Request } }) => {
          runs += 1;
          return handle(c.req.raw);
        }) as never,
      );
    }
    serve(api, lenient, ((c: any) => {
      runs += 1;
      return c.json({ read: c.req.valid("json") }, 200);
    }) as never);
  });
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(() => {
  runs = 0;
  handle = () => Response.json({ runs });
});

const REPLAYED = "Idempotent-Replayed";

const send = (key: string, init: RequestInit & { path?: string } = {}) =>
  routes.request(init.path ?? "/turn/a", {
    method: "POST",
    ...init,
    headers: { "idempotency-key": key, ...(init.headers as Record<string, string>) },
  });
const newKey = () => crypto.randomUUID();

describe("a route that is idempotent", () => {
  test("runs each time without a key", async () => {
    for (let n = 1; n <= 3; n++) {
      const response = await routes.request("/turn/a", { method: "POST" });

      expect(response.headers.get(REPLAYED)).toBeNull();
      expect(await jsonOf(response)).toEqual({ runs: n });
    }
  });

  test.each([200, 201, 202, 204, 404, 409, 422])("answers %p again", async (status) => {
    const key = newKey();
    const body = status === 204 ? null : `{"n": ${status}}`;
    handle = () => new Response(body, { status, headers: { "X-UC-Deleted": "1" } });

    const first = await send(key);
    handle = () => new Response("another");
    const again = await send(key);

    expect([first.status, first.headers.get(REPLAYED)]).toEqual([status, null]);
    expect([again.status, again.headers.get(REPLAYED)]).toEqual([status, "true"]);
    expect(again.headers.get("X-UC-Deleted")).toBe("1");
    expect(await first.text()).toBe(body ?? "");
    expect(await again.text()).toBe(body ?? "");
    expect(runs).toBe(1);
  });

  test.each([301, 400, 401, 403, 410, 429, 500, 502, 503, 504])(
    "runs again after %p",
    async (status) => {
      const key = newKey();
      handle = () => new Response("no", { status });

      expect((await send(key)).status).toBe(status);
      handle = () => Response.json({ runs });
      const again = await send(key);

      expect([again.status, again.headers.get(REPLAYED)]).toEqual([200, null]);
      expect(runs).toBe(2);
    },
  );

  test("runs again after it threw", async () => {
    const key = newKey();
    handle = () => {
      throw new Error("broken");
    };

    expect((await send(key)).status).toBe(500);
    handle = () => Response.json({ runs });

    expect(await jsonOf(await send(key))).toEqual({ runs: 2 });
  });

  test("keeps of the headers those that describe the answer", async () => {
    const key = newKey();
    const kept = {
      "content-type": "application/problem+json",
      location: "/x",
      etag: 'W/"a"',
      "cache-control": "no-store",
      "retry-after": "3",
      "x-uc-cache": "MISS",
    };
    const left = {
      "x-ratelimit-remaining": "4",
      ratelimit: '"minute";r=4;t=12',
      date: "Thu, 01 Jan 1970 00:00:00 GMT",
      "set-cookie": "uc_session=secret",
    };
    handle = () => new Response("{}", { headers: { ...kept, ...left } });

    const first = await send(key, { headers: { "x-request-id": "one" } });
    const again = await send(key, { headers: { "x-request-id": "two" } });

    expect(first.headers.get("x-ratelimit-remaining")).toBe("4");
    expect(Object.fromEntries(again.headers)).toEqual({
      ...kept,
      "x-request-id": "two",
      "idempotent-replayed": "true",
    });
  });

  test("keeps an answer of 4 MiB", async () => {
    const key = newKey();
    handle = () => new Response("å".repeat(2 * 1024 * 1024));

    const [first, again] = [await (await send(key)).text(), await send(key)];

    expect(again.headers.get(REPLAYED)).toBe("true");
    expect((await again.text()) === first).toBe(true);
  });

  test.each([
    ["method", { method: "PUT" }],
    ["path", { path: "/turn/b" }],
    ["query", { path: "/turn/a?soft=1" }],
    ["body", { body: "{}" }],
  ])("refuses a key that was given with another %s", async (_, changes) => {
    const key = newKey();
    await send(key);

    const refused = await send(key, changes);

    expect([refused.status, runs]).toEqual([422, 1]);
    expect((await jsonOf(refused)).code).toBe("IDEMPOTENCY_KEY_REUSED");
  });

  test("does not mind another spelling of headers", async () => {
    const key = newKey();
    await send(key, { headers: { "user-agent": "one", accept: "*/*" } });

    const again = await send(key, { headers: { "user-agent": "two" } });

    expect(again.headers.get(REPLAYED)).toBe("true");
  });

  test("goes on when its client hangs up, to answer when it asks again", async () => {
    const key = newKey();
    const hangUp = new AbortController();
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    handle = async (request) => {
      await opened;
      return Response.json({ hungUp: request.signal.aborted });
    };

    const first = send(key, { signal: hangUp.signal });
    await eventually(
      async () => runs,
      (count) => count === 1,
    );
    hangUp.abort();
    const during = await send(key);
    open();
    await first.catch(() => {});
    const again = await send(key);

    expect(during.status).toBe(409);
    expect(again.headers.get(REPLAYED)).toBe("true");
    expect(await jsonOf(again)).toEqual({ hungUp: false });
    expect(runs).toBe(1);
  });

  test("reads 1 MiB of a body that it has no use for, and no more", async () => {
    const size = 1024 * 1024;

    expect((await send(newKey(), { body: " ".repeat(size) })).status).toBe(200);
    expect((await send(newKey(), { body: " ".repeat(size + 1) })).status).toBe(413);
  });

  test("describes the key, its problems and the replay", () => {
    const { parameters, responses } = routes.document.paths["/turn/{name}"].post;

    expect(parameters).toContainEqual(
      expect.objectContaining({ name: "Idempotency-Key", in: "header", required: false }),
    );
    expect(Object.keys(responses)).toEqual(["200", "403", "409", "413", "422", "503"]);
    expect(responses["409"].description).toStartWith("Taken, or: ");
    for (const status of ["200", "409", "422"]) {
      expect(Object.keys(responses[status].headers)).toContain(REPLAYED);
    }
    expect(Object.keys(responses["413"].headers)).not.toContain(REPLAYED);
  });
});

describe("the body of a route", () => {
  const put = (body: string) =>
    routes.request("/strict", { method: "PUT", headers: json(), body });
  const post = (init: RequestInit) =>
    routes.request("/lenient", { method: "POST", ...init });

  test("is read up to what the route declares", async () => {
    const [fits, over] = ["{}".padEnd(2 * 1024 * 1024), "{}".padEnd(2 * 1024 * 1024 + 1)];

    expect((await put(fits)).status).toBe(200);
    const refused = await put(over);
    expect(refused.status).toBe(413);
    expect((await jsonOf(refused)).detail).toBe("Cannot take a body of more than 2 MiB");
  });

  test("is read up to 1 MiB where the route declares nothing", async () => {
    const body = "{}".padEnd(1024 * 1024 + 1);

    const refused = await post({ headers: json(), body });

    expect(refused.status).toBe(413);
    expect((await jsonOf(refused)).detail).toBe("Cannot take a body of more than 1 MiB");
  });

  test.each([
    ["no body", {}],
    ["an empty body", { body: "" }],
    ["an empty body of a type", { body: "", headers: json() }],
    ["an empty body of another type", { body: "", headers: { "content-type": "a/b" } }],
    ["an empty stream", { body: new Blob([]).stream(), headers: json() }],
    ["an object without fields", { body: "{}", headers: json() }],
  ])("that is optional can be %s", async (_, init) => {
    const response = await post(init);

    expect([response.status, await response.text()]).toEqual([200, '{"read":{}}']);
  });

  test.each([
    ["read", { body: '{"n": 1}', headers: json() }, 200],
    [
      "read under another name of its type",
      { body: '{"n": 1}', headers: json("a+json") },
      200,
    ],
    ["415 without a type", { body: new Blob(['{"n": 1}']).stream() }, 415],
    [
      "415 of another type",
      { body: '{"n": 1}', headers: { "content-type": "a/b" } },
      415,
    ],
    ["400 where it can't be read", { body: " ", headers: json() }, 400],
    ["422 where it is not valid", { body: '{"n": "1"}', headers: json() }, 422],
  ])("that is optional and there is %s", async (_, init, status) => {
    const response = await post(init);

    expect(response.status).toBe(status);
    if (status === 200) expect(await jsonOf(response)).toEqual({ read: { n: 1 } });
  });

  test("that is required is 415 where there is none", async () => {
    const response = await routes.request("/strict", { method: "PUT" });

    expect(response.status).toBe(415);
  });

  test("that is optional is the same request absent and empty", async () => {
    const key = newKey();
    await send(key, { path: "/lenient" });

    const again = await send(key, { path: "/lenient", body: "", headers: json() });

    expect(again.headers.get(REPLAYED)).toBe("true");
  });
});

function json(type = "json"): Record<string, string> {
  return { "content-type": `application/${type}` };
}
