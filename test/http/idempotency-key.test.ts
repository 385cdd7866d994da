import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { tokenHash } from "../../src/domain/access/token.ts";
import { TokenStore } from "../../src/services/access/token-store.ts";
import { ChangeBus } from "../../src/services/change-bus.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";

let service: TestService;
let other: TestService;

/** Two processes on one database. */
beforeAll(async () => {
  service = await testService({ worker: "off" });
  other = await testService({ worker: "off", address: service.address });
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const SOURCES = "/api/v1/sources";
const REPLAYED = "Idempotent-Replayed";
const DAY = 86_400_000;

let count = 0;
const newId = () => `source-${++count}`;
const newKey = () => crypto.randomUUID();

const draft = (id: string, fields: object = {}) =>
  JSON.stringify({
    id,
    base_url: "https://api.example.com",
    key_template: "/{{path*}}",
    ...fields,
  });

interface Sending {
  readonly key: string;
  readonly body: string;
  readonly query?: string;
  readonly at?: TestService;
  readonly headers?: Record<string, string>;
}

const send = ({ key, body, query = "", at = service, headers = {} }: Sending) =>
  at.request(SOURCES + query, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", "idempotency-key": key, ...headers },
  });

const remove = (id: string) => service.request(`${SOURCES}/${id}`, { method: "DELETE" });
const exists = async (id: string) =>
  (await service.request(`${SOURCES}/${id}`)).status === 200;

/** As if the request had begun `millis` earlier. */
const age = (key: string, millis: number) => service.sql`
  update idempotency_keys set begun_at = begun_at - ${millis}::bigint,
    lease_until = lease_until - ${millis}::bigint where key = ${key}`;

/** As if the process had died just before the answer. */
const unanswer = (key: string) => service.sql`
  update idempotency_keys set lease_until = begun_at + 120000,
    status = null, headers = null, body = null where key = ${key}`;

const rowsOf = (key: string) =>
  service.sql`select 1 from idempotency_keys where key = ${key}`;

/** Status, replayed or not, and the body. */
const told = async (response: Response) => ({
  status: response.status,
  replayed: response.headers.get(REPLAYED),
  text: await response.text(),
});

const replayOf = (status: number, text: string) => ({ status, replayed: "true", text });

describe("POST /api/v1/sources with an Idempotency-Key", () => {
  test("answers as without one, and says nothing of a replay", async () => {
    const id = newId();

    const response = await send({ key: newKey(), body: draft(id) });

    expect(response.status).toBe(201);
    expect(response.headers.get(REPLAYED)).toBeNull();
    expect(await exists(id)).toBe(true);
  });

  test("gives a 201 again with its headers, whatever has happened since", async () => {
    const [id, key] = [newId(), newKey()];
    const first = await send({ key, body: draft(id) });
    await remove(id);

    const again = await send({ key, body: draft(id), at: other });

    expect(again.status).toBe(201);
    expect(again.headers.get(REPLAYED)).toBe("true");
    for (const name of ["Location", "Content-Type"]) {
      expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
    }
    expect(again.headers.get("Location")).toBe(`${SOURCES}/${id}`);
    expect(await again.text()).toBe(await first.text());
    expect(await exists(id)).toBe(false);
  });

  test("has a request id of its own in each answer", async () => {
    const [id, key] = [newId(), newKey()];
    const first = await send({
      key,
      body: draft(id),
      headers: { "x-request-id": "one" },
    });

    const again = await send({
      key,
      body: draft(id),
      headers: { "x-request-id": "two" },
    });

    expect(first.headers.get("X-Request-Id")).toBe("one");
    expect(again.headers.get("X-Request-Id")).toBe("two");
  });

  test("gives a 409 again, though the id is free by now", async () => {
    const [id, key] = [newId(), newKey()];
    await send({ key: newKey(), body: draft(id) });
    const first = await send({ key, body: draft(id) });
    await remove(id);

    const again = await send({ key, body: draft(id) });

    expect(first.status).toBe(409);
    expect(first.headers.get(REPLAYED)).toBeNull();
    expect(await told(again)).toEqual(replayOf(409, await first.text()));
    expect(await exists(id)).toBe(false);
  });

  test.each([
    ["by its shape", draft("x", { cache_ttl_s: "long" })],
    ["by its settings", draft("x", { rate_limit: { per_minute: 5, burst: 6 } })],
  ])("gives a 422 of a body that is wrong %s again", async (_, body) => {
    const key = newKey();
    const first = await send({ key, body });

    const again = await send({ key, body });

    expect(first.status).toBe(422);
    expect(first.headers.get(REPLAYED)).toBeNull();
    expect(again.headers.get("Content-Type")).toBe(first.headers.get("Content-Type"));
    expect(await told(again)).toEqual(replayOf(422, await first.text()));
  });

  test.each([
    ["body", { body: draft("another") }],
    ["spelling of the body", { body: `${draft("same")} ` }],
    ["query", { body: draft("same"), query: "?x=1" }],
  ])("refuses a key that was given with another %s", async (_, changes) => {
    const key = newKey();
    await send({ key, body: draft("same") });

    const refused = await send({ key, ...changes });

    expect(refused.status).toBe(422);
    expect(refused.headers.get(REPLAYED)).toBeNull();
    expect(await jsonOf(refused)).toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
      detail: "Cannot take this Idempotency-Key: it was given to another request",
      errors: [{ field: "Idempotency-Key" }],
    });
    expect(await exists("another")).toBe(false);
    const again = await send({ key, body: draft("same") });
    expect(again.headers.get(REPLAYED)).toBe("true");
    await remove("same");
  });

  test("answers 409 while the first runs, and then as the first did", async () => {
    const [id, key] = [newId(), newKey()];
    const body = draft(id);
    let first: Promise<Response> | undefined;

    const during = await service.sql.begin(async (tx) => {
      await tx`lock table sources in share mode`;
      first = send({ key, body });
      await eventually(
        async () => rowsOf(key),
        ({ length }) => length === 1,
      );
      return [
        await send({ key, body, at: other }),
        await send({ key, body: draft("x") }),
      ];
    });
    const [same, different] = during;

    expect(same?.status).toBe(409);
    expect(same?.headers.get("Retry-After")).toBe("1");
    expect(same?.headers.get(REPLAYED)).toBeNull();
    expect(await jsonOf(same as Response)).toMatchObject({
      code: "IDEMPOTENCY_KEY_RUNNING",
    });
    expect(different?.status).toBe(422);
    const answer = await told((await first) as Response);
    expect(answer).toMatchObject({ status: 201, replayed: null });
    const again = await send({ key, body, at: other });
    expect(await told(again)).toEqual(replayOf(201, answer.text));
  });

  test("is carried out once for 100 pairs of the same request at once in two processes", async () => {
    const seen = { replayed: 0, running: 0 };
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const [id, key] = [newId(), newKey()];
          const pair = await Promise.all([
            send({ key, body: draft(id) }),
            send({ key, body: draft(id), at: other }),
          ]);
          const answers = await Promise.all(pair.map(told));

          const firsts = answers.filter(
            ({ status, replayed }) => status === 201 && replayed === null,
          );
          expect(firsts).toHaveLength(1);
          const { text = "" } = firsts[0] ?? {};
          for (const answer of answers) {
            if (answer === firsts[0]) continue;
            if (answer.status === 201) {
              expect(answer).toEqual(replayOf(201, text));
              seen.replayed += 1;
            } else {
              expect(JSON.parse(answer.text)).toMatchObject({
                status: 409,
                code: "IDEMPOTENCY_KEY_RUNNING",
              });
              seen.running += 1;
            }
          }
          const after = await send({ key, body: draft(id), at: other });
          expect(await told(after)).toEqual(replayOf(201, text));
        }),
      );
    }
    expect(seen.replayed + seen.running).toBe(100);
  }, 60_000);

  test("is forgotten after 24 hours", async () => {
    const [id, key] = [newId(), newKey()];
    await send({ key, body: draft(id) });

    await age(key, DAY - 60_000);
    expect((await send({ key, body: draft(id) })).headers.get(REPLAYED)).toBe("true");
    await age(key, 60_000);
    const anew = await send({ key, body: draft(id) });

    expect(anew.headers.get(REPLAYED)).toBeNull();
    expect((await jsonOf(anew)).code).toBe("SOURCE_EXISTS");
  });

  test("is carried out anew where the first run died, when its time is over", async () => {
    const [id, key] = [newId(), newKey()];
    await send({ key, body: draft(id) });
    await remove(id);
    await unanswer(key);

    const early = await send({ key, body: draft(id) });
    expect((await jsonOf(early)).code).toBe("IDEMPOTENCY_KEY_RUNNING");
    await age(key, 120_000);
    const anew = await send({ key, body: draft(id), at: other });

    expect(await told(anew)).toMatchObject({ status: 201, replayed: null });
    expect(await exists(id)).toBe(true);
    const again = await send({ key, body: draft(id) });
    expect([again.status, again.headers.get(REPLAYED)]).toEqual([201, "true"]);
  });

  test("is another request for another caller", async () => {
    const [id, key] = [newId(), newKey()];
    await addToken("second", "second-token");
    await send({ key, body: draft(id) });
    const headers = { authorization: "Bearer second-token" };

    const theirs = await send({ key, body: draft(id), headers });
    const different = await send({ key: newKey(), body: draft("x"), headers });

    expect(theirs.headers.get(REPLAYED)).toBeNull();
    expect((await jsonOf(theirs)).code).toBe("SOURCE_EXISTS");
    expect(different.status).toBe(201);
    const mine = await send({ key, body: draft(id) });
    expect([mine.status, mine.headers.get(REPLAYED)]).toEqual([201, "true"]);
  });

  test("takes 255 characters", async () => {
    const body = draft(newId());
    const key = "k".repeat(255);

    expect((await send({ key, body })).status).toBe(201);
    expect((await send({ key, body })).headers.get(REPLAYED)).toBe("true");
  });
});

describe("an Idempotency-Key that is none", () => {
  test.each([
    ["of 10 kB", "k".repeat(10_000)],
    ["of 256 characters", "k".repeat(256)],
    ["that is empty", ""],
    ["with a letter beyond ASCII", "clé"],
  ])("%s is 422, and nothing is done", async (_, key) => {
    const id = newId();

    const response = await send({ key, body: draft(id) });

    expect(response.status).toBe(422);
    expect(await jsonOf(response)).toMatchObject({
      code: "VALIDATION_FAILED",
      errors: [{ field: "Idempotency-Key", message: expect.stringMatching(/^Must /) }],
    });
    expect(await exists(id)).toBe(false);
    expect(await rowsOf(key)).toHaveLength(0);
  });
});

describe("an Idempotency-Key is free again", () => {
  test.each([
    ["401", { authorization: "Bearer nobody" }, draft("free")],
    ["400", {}, "{"],
    ["415", { "content-type": "text/plain" }, draft("free")],
    ["413", {}, " ".repeat(1024 * 1024 + 1)],
  ])("after a %s", async (status, headers, body) => {
    const [id, key] = [newId(), newKey()];

    const refused = await send({ key, body, headers });
    expect(refused.status).toBe(Number(status));
    expect(await rowsOf(key)).toHaveLength(0);
    const other = await send({ key, body: draft(id) });

    expect([other.status, other.headers.get(REPLAYED)]).toEqual([201, null]);
  });
});

/** Another admin, known to `service` when this is done. */
const addToken = (id: string, token: string) =>
  service.run(
    Effect.gen(function* () {
      const store = yield* TokenStore;
      const bus = yield* ChangeBus;
      yield* store.add({ id, name: id, role: "admin", hash: tokenHash(token) });
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );
