import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { connect } from "node:net";
import { AnswerRoom, layer } from "../../src/services/entry/answer-room.ts";
import { EntryMemory } from "../../src/services/entry/entry-memory.ts";
import { EntryStore } from "../../src/services/entry/entry-store.ts";
import {
  adminToken,
  eventually,
  type TestService,
  testService,
} from "../support/service.ts";
import { bodyOf, makeSource, storeEntry } from "./stored-entries.ts";

const MIB = 1024 * 1024;
const ROOM = await Effect.runPromise(
  AnswerRoom.use((room) => Effect.sync(room.left)).pipe(Effect.provide(layer())),
);

/** Sources `large`, 15 entries of 4 MiB; `small`, one entry of 64 kB. */
let service: TestService;
const larges = Array.from({ length: 15 }, (_, index) => `/weather/large-${index}`);

beforeAll(async () => {
  service = await testService({ worker: "off", memoryMaxBytes: 100 * MIB });
  await makeSource(service, "large");
  for (const key of larges) await storeEntry(service, "large", key);
  await service.sql`
    update entries set body = convert_to('"' || repeat('ü', 2 * 1024 * 1024 - 1) || '"', 'UTF8')`;
  await makeSource(service, "small");
  await storeEntry(service, "small", "/weather/a", 0, bodyOf(`"${"a".repeat(63_998)}"`));
});
afterAll(() => service[Symbol.asyncDispose]());

const left = () => service.run(AnswerRoom.use((room) => Effect.sync(room.left)));
const clearMemory = () =>
  service.run(Effect.map(EntryMemory, (memory) => memory.clear()));
const bodyFor = (keys: readonly string[]) => JSON.stringify({ keys });
const batch = (id: string, keys: readonly string[], signal?: AbortSignal) =>
  service.request(`/api/v1/cache/${id}/batch-get`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-uc-cache-only": "1" },
    body: bodyFor(keys),
    ...(signal === undefined ? {} : { signal }),
  });

describe("batch-get of much", () => {
  test("streams what a small answer gives in one piece, byte for byte", async () => {
    const [one = "", ...others] = larges;
    const single = await (await batch("large", [one])).text();

    const text = await (await batch("large", [...others, "/weather/none", one])).text();

    const { items } = JSON.parse(text);
    expect(items.map(({ key }: { key: string }) => key)).toEqual([
      ...others,
      "/weather/none",
      one,
    ]);
    expect(items.at(-1)).toEqual(JSON.parse(single).items[0]);
    expect(items.at(-1).data).toBe("ü".repeat(2 * MIB - 1));
    expect(items.at(-2)).toMatchObject({ hit: false, data: null });
    expect(await left()).toEqual(ROOM);
  });

  test("two of 60 MiB have room, the third waits until one was taken, whether in memory or not", async () => {
    await clearMemory();
    await (await batch("small", ["/weather/a"])).text();
    const first = await batch("large", larges);
    const second = await batch("large", larges);
    let isThere = false;
    const third = batch("large", larges).then((response) => {
      isThere = true;
      return response;
    });
    await eventually(left, ({ waiting }) => waiting === 1);
    const small = batch("small", ["/weather/a"]);
    await eventually(left, ({ waiting }) => waiting === 2);

    expect([first.status, second.status, isThere]).toEqual([200, 200, false]);
    expect((await left()).bytes).toBeWithin(0, 9 * MIB);
    await first.arrayBuffer();
    expect((await third).status).toBe(200);
    expect((await small).status).toBe(200);

    await Promise.all([second.arrayBuffer(), (await third).arrayBuffer()]);
    expect(await left()).toEqual(ROOM);
  });

  test("at most two load at once what nobody knows the size of", async () => {
    await clearMemory();
    const store = await service.run(EntryStore);
    const { findMany } = store;
    let [loading, most] = [0, 0];
    const entering = Effect.sync(() => {
      loading += 1;
      most = Math.max(most, loading);
    });
    const leaving = Effect.sync(() => {
      loading -= 1;
    });
    Object.assign(store, {
      findMany: (...args: Parameters<typeof findMany>) =>
        Effect.andThen(entering, findMany(...args)).pipe(Effect.ensuring(leaving)),
    });
    try {
      const responses = await Promise.all(larges.map((key) => batch("large", [key])));

      expect(most).toBe(2);
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
      await Promise.all(responses.map((response) => response.arrayBuffer()));
    } finally {
      Object.assign(store, { findMany });
    }
    expect(await left()).toEqual(ROOM);
  });

  test("what a client has taken is given back while it takes the rest", async () => {
    const response = await batch("large", larges);
    const reader = response.body?.getReader();
    const before = (await left()).bytes;
    let taken = 0;
    while (taken < 30 * MIB) taken += (await reader?.read())?.value?.length ?? 0;

    expect((await left()).bytes - before).toBeWithin(29 * MIB, 31 * MIB);
    await reader?.cancel();
    expect(await left()).toEqual(ROOM);
  });

  test("a small request for one key 900 times counts as what is sent", async () => {
    const keys = Array.from({ length: 900 }, () => "/weather/a");
    await (await batch("small", ["/weather/a"])).text();

    const response = await batch("small", keys);
    const taken = ROOM.bytes - (await left()).bytes;
    const sent = (await response.arrayBuffer()).byteLength;

    expect(bodyFor(keys).length).toBeLessThan(20_000);
    expect(taken).toBeWithin(sent * 0.95, sent * 1.05);
    expect(await left()).toEqual(ROOM);
  });

  test("who hangs up while waiting is forgotten, and one refused keeps nothing", async () => {
    const held = [await batch("large", larges), await batch("large", larges)];
    const client = new AbortController();
    const third = batch("large", larges, client.signal).catch(() => undefined);
    await eventually(left, ({ waiting }) => waiting === 1);

    client.abort();
    await third;
    expect((await left()).waiting).toBe(0);
    await Promise.all(held.map(({ body }) => body?.cancel()));
    expect(await left()).toEqual(ROOM);

    expect((await batch("large", [...larges, ...larges])).status).toBe(422);
    expect(await left()).toEqual(ROOM);
  });

  test("a client that reads nothing holds its share until it hangs up", async () => {
    await using server = serve(service);
    const socket = connect(server.port, "127.0.0.1");
    socket.pause();
    const body = bodyFor(larges);
    socket.write(
      `POST /api/v1/cache/large/batch-get HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${adminToken}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );

    await eventually(left, ({ bytes }) => bytes < ROOM.bytes - 40 * MIB);
    await (await batch("small", ["/weather/a"])).text();
    expect((await left()).bytes).toBeLessThan(ROOM.bytes - 40 * MIB);

    socket.destroy();
    await eventually(left, ({ bytes }) => bytes === ROOM.bytes);
  });
});

/** The service behind a port, as a client over the network meets it. */
function serve(behind: TestService) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async ({ url, method, headers, body, signal }) =>
      behind.request(new URL(url).pathname, { method, headers, body, signal }),
  });
  return {
    port: server.port ?? 0,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
