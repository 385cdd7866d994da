import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { keepMillisFrom } from "../../../src/adapters/upstream/kept-socket.ts";
import { Upstream } from "../../../src/services/refresh/upstream.ts";
import { call, callText, ok, PATIENT_MILLIS, run } from "./calling.ts";
import { gone, rawServer, type RawServer } from "./raw-server.ts";

const twice = (server: RawServer) =>
  run(
    Effect.gen(function* () {
      yield* callText(server.origin);
      yield* callText(server.origin);
      return new Set(server.ports).size;
    }),
  );

describe("a connection whose answer was read to its end", () => {
  test("serves the next call", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    expect(await twice(server)).toBe(1);
  });

  test("serves a hundred calls of all kinds of bodies", async () => {
    await using server = await rawServer((socket, request) =>
      socket.write(
        request.includes("chunked")
          ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
          : ok("hi"),
      ),
    );
    const bytes = new TextEncoder().encode("hello");

    await run(
      Effect.forEach(Array.from({ length: 100 }).keys(), (index) =>
        callText(server.origin, {
          method: ["GET", "POST", "PUT", "OPTIONS"][index % 4] ?? "",
          body: [undefined, bytes, one(bytes)][index % 3],
        }),
      ),
    );

    expect(server.requests).toHaveLength(100);
    expect(new Set(server.ports).size).toBe(1);
  });

  test.each([
    ["Connection: close", ok("hi", "Connection: close")],
    ["Connection: Keep-Alive, CLOSE", ok("hi", "Connection: Keep-Alive, CLOSE")],
    ["Keep-Alive: timeout=0", ok("hi", "Keep-Alive: timeout=0")],
    ["HTTP/1.0", ok("hi").replace("HTTP/1.1", "HTTP/1.0")],
  ])("is closed under %s", async (_, answer) => {
    await using server = await rawServer((socket) => socket.write(answer));

    expect(await twice(server)).toBe(2);
  });

  test("is closed where the answer came before the request was whole", async () => {
    await using server = await rawServer(() => undefined);
    const never = Promise.withResolvers<never>();
    async function* stuck() {
      yield new Uint8Array(1);
      server.sockets[0]?.write(ok("hi"));
      yield await never.promise;
    }

    const text = await run(callText(server.origin, { method: "POST", body: stuck() }));

    expect(text).toBe("hi");
    await gone(server.sockets[0]);
  });
});

describe("connect()", () => {
  test("gives back a released connection, and says that it was used", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    const reused = await run(
      Effect.gen(function* () {
        const upstream = yield* Upstream;
        (yield* upstream.connect(server.origin, PATIENT_MILLIS)).release();
        const first = yield* upstream.connect(server.origin, PATIENT_MILLIS);
        first.release();
        yield* callText(server.origin);
        const second = yield* upstream.connect(server.origin, PATIENT_MILLIS);
        second.release();
        return [first.reused, second.reused];
      }),
    );

    expect(reused).toEqual([false, true]);
    expect(server.sockets).toHaveLength(1);
  });

  test.each([
    ["closed", (server: RawServer) => server.sockets[0]?.end()],
    [
      "spoke up on",
      (server: RawServer) => server.sockets[0]?.write("HTTP/1.1 408 T\r\n"),
    ],
  ])("doesn't hand out what the upstream %s while it was idle", async (_, disturb) => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    await run(
      Effect.gen(function* () {
        yield* callText(server.origin);
        const closed = gone(server.sockets[0]);
        disturb(server);
        yield* Effect.promise(() => closed);
        yield* callText(server.origin);
      }),
    );

    expect(new Set(server.ports).size).toBe(2);
  });

  test("doesn't hand out what was spoken on before its first call", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    const reply = await run(
      Effect.gen(function* () {
        const upstream = yield* Upstream;
        const accepted = server.accepted();
        (yield* upstream.connect(server.origin, PATIENT_MILLIS)).release();
        const socket = yield* Effect.promise(() => accepted);
        socket.write(ok("a forged answer"));
        yield* Effect.promise(() => gone(socket));
        return yield* callText(server.origin);
      }),
    );

    expect(reply).toBe("hi");
  });

  test("never shares a connection between two who hold one", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    await run(
      Effect.gen(function* () {
        yield* callText(server.origin);
        const first = yield* call(server.origin);
        const second = yield* call(server.origin);
        first.discard();
        second.discard();
      }),
    );

    expect(new Set(server.ports).size).toBe(2);
  });

  test("fails a send whose connection closed in hand", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    const error = await run(
      Effect.gen(function* () {
        const accepted = server.accepted();
        const connection = yield* (yield* Upstream).connect(
          server.origin,
          PATIENT_MILLIS,
        );
        const socket = yield* Effect.promise(() => accepted);
        socket.end();
        yield* Effect.promise(() => gone(socket));
        return yield* Effect.flip(
          connection.send({
            method: "GET",
            target: "/",
            headers: [],
            headTimeoutMillis: PATIENT_MILLIS,
          }),
        );
      }),
    );

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "reset" });
  });

  test("closes kept connections with the layer", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    await run(callText(server.origin));

    await gone(server.sockets[0]);
  });
});

describe("keepMillisFrom()", () => {
  test.each([
    [undefined, 4_000],
    ["max=5", 4_000],
    ["timeout=2, max=100", 1_500],
    ["max=100, Timeout = 60", 4_000],
    ["timeout=0", -500],
  ])("%p: %d", (value, millis) => {
    expect(keepMillisFrom(value)).toBe(millis);
  });
});

async function* one(bytes: Uint8Array) {
  yield bytes;
}
