import { describe, expect, test } from "bun:test";
import { Effect, Fiber } from "effect";
import { Upstream } from "../../../src/services/refresh/upstream.ts";
import { call, callText, ok, PATIENT_MILLIS, run } from "./calling.ts";
import { gone, rawServer } from "./raw-server.ts";

describe("send()", () => {
  test("sends target, method and header lines unchanged", async () => {
    await using server = await rawServer((socket) => socket.write(ok("")));

    await run(
      call(server.origin, {
        method: "PROPFIND",
        target: "/a/../b//c%2f%zz?q=1&&Q=%20",
        headers: [
          ["X-CaSe", "1"],
          ["x-case", "2"],
          ["Connection", "close"],
          ["Transfer-Encoding", "chunked"],
        ],
      }),
    );

    expect(server.requests).toEqual([
      [
        "PROPFIND /a/../b//c%2f%zz?q=1&&Q=%20 HTTP/1.1",
        `Host: 127.0.0.1:${server.origin.port}`,
        "X-CaSe: 1",
        "x-case: 2",
        "Content-Length: 0",
        "Connection: keep-alive",
        "",
        "",
      ].join("\r\n"),
    ]);
  });

  test("gives status, raw header lines and body as they came", async () => {
    await using server = await rawServer((socket) =>
      socket.write(
        ok("\x1f\x8b", "Content-Encoding: gzip", "X-A: 1", "x-a: 2"),
        "latin1",
      ),
    );

    const [status, headers, bytes] = await run(
      Effect.gen(function* () {
        const reply = yield* call(server.origin);
        const pieces = yield* Effect.promise(() => Array.fromAsync(reply.body));
        return [reply.status, reply.rawHeaders, Array.from(Buffer.concat(pieces))];
      }),
    );

    expect(status).toBe(200);
    expect(headers).toEqual([
      ["Content-Length", "2"],
      ["Content-Encoding", "gzip"],
      ["X-A", "1"],
      ["x-a", "2"],
    ]);
    expect(bytes).toEqual([0x1f, 0x8b]);
  });

  test("sends a body of bytes with its length", async () => {
    await using server = await rawServer((socket) => socket.write(ok("")));

    await run(
      call(server.origin, { method: "DELETE", body: new TextEncoder().encode("hello") }),
    );

    expect(server.requests[0]).toEndWith(
      "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    );
  });

  test("sends a stream in chunks, also with GET", async () => {
    await using server = await rawServer((socket) => socket.write(ok("")));

    await run(call(server.origin, { body: streamOf("he", "", "llo") }));

    expect(server.requests[0]).toEndWith(
      "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    );
  });

  test("sends a stream under the length announced, and no more than that", async () => {
    await using server = await rawServer((socket) => socket.write(ok("")));
    const headers = [["content-length", "5"]] as const;

    await run(
      call(server.origin, { method: "PUT", headers, body: streamOf("he", "llo") }),
    );
    const long = await run(
      Effect.flip(call(server.origin, { method: "PUT", headers, body: endlessBody() })),
    );
    const short = await run(
      Effect.flip(
        call(server.origin, { method: "PUT", headers, body: streamOf("hell") }),
      ),
    );

    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toEndWith("\r\n\r\nhello");
    expect([long, short]).toMatchObject([{ reason: "body" }, { reason: "body" }]);
  });

  test("takes as many header lines as the head has room for", async () => {
    const answer = `HTTP/1.1 204 No Content\r\n${"a:\r\n".repeat(3_000)}\r\n`;
    await using server = await rawServer((socket) => socket.write(answer));

    const reply = await run(call(server.origin));

    expect(reply.rawHeaders).toHaveLength(3_000);
  });

  test("passes 1xx answers by and tells of them", async () => {
    await using server = await rawServer((socket) =>
      socket.write(
        `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok("hi")}`,
      ),
    );
    const told: unknown[] = [];

    const text = await run(
      callText(server.origin, { onInformational: (...answer) => told.push(answer) }),
    );

    expect(text).toBe("hi");
    expect(told).toEqual([
      [100, []],
      [103, [["Link", "</a>"]]],
    ]);
  });

  test.each([
    ["HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"],
    ["GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"],
    ["GET", "HTTP/1.1 204 No Content\r\n\r\n"],
  ])("knows that nothing follows: %s, %j", async (method, answer) => {
    await using server = await rawServer((socket) => socket.write(answer));

    const texts = await run(
      Effect.all([
        callText(server.origin, { method }),
        callText(server.origin, { method }),
      ]),
    );

    expect(texts).toEqual(["", ""]);
    expect(new Set(server.ports).size).toBe(1);
  });

  test("closes the connection when interrupted before the head", async () => {
    const asked = Promise.withResolvers<void>();
    await using server = await rawServer(() => asked.resolve());

    await run(
      Effect.gen(function* () {
        const fiber = yield* Effect.forkChild(
          call(server.origin, { headTimeoutMillis: 60_000 }),
        );
        yield* Effect.promise(() => asked.promise);
        const closed = gone(server.sockets[0]);
        yield* Fiber.interrupt(fiber);
        yield* Effect.promise(() => closed);
      }),
    );

    expect(server.requests).toHaveLength(1);
  });

  test("closes the connection when the body is left or discarded early", async () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhi";
    await using server = await rawServer((socket) => socket.write(head));

    await run(
      Effect.gen(function* () {
        const left = yield* call(server.origin);
        const first = gone(server.sockets[0]);
        yield* Effect.promise(async () => {
          for await (const _ of left.body) break;
          await first;
        });
        const discarded = yield* call(server.origin);
        const second = gone(server.sockets[1]);
        discarded.discard();
        yield* Effect.promise(() => second);
      }),
    );

    expect(new Set(server.ports).size).toBe(2);
  });

  test("serves fifty at a time, each its own answer", async () => {
    await using server = await rawServer((socket, request) => {
      socket.write(ok(request.split(" ")[1] ?? ""));
    });
    const targets = Array.from({ length: 50 }, (_, index) => `/${index}`);

    const texts = await run(
      Effect.gen(function* () {
        const all = Effect.all(
          targets.map((target) => callText(server.origin, { target })),
          { concurrency: "unbounded" },
        );
        return [yield* all, yield* all];
      }),
    );

    expect(texts).toEqual([targets, targets]);
    expect(server.sockets).toHaveLength(50);
  });

  test("leaves an unread body in the upstream: 64 MiB don't come into memory", async () => {
    const size = 64 * 1024 * 1024;
    let written = 0;
    await using server = await rawServer((socket) => {
      const piece = Buffer.alloc(64 * 1024);
      const push = () => {
        while (written < size) {
          written += piece.length;
          if (!socket.write(piece)) return;
        }
      };
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      socket.on("drain", push);
      push();
    });

    const [paused, received] = await run(
      Effect.gen(function* () {
        const reply = yield* call(server.origin);
        const pieces = reply.body[Symbol.asyncIterator]();
        return yield* Effect.promise(async () => {
          let total = (await pieces.next()).value.length;
          // Round trips on another connection give the first one time to run ahead.
          await using other = await rawServer((socket) => socket.write(ok("")));
          for (let trip = 0; trip < 200; trip += 1) await run(call(other.origin));
          const ahead = written;
          for (let next = await pieces.next(); next.done !== true;) {
            total += next.value.length;
            next = await pieces.next();
          }
          return [ahead, total] as const;
        });
      }),
    );

    expect(received).toBe(size);
    // What the two kernels' buffers hold, which here go up to some megabytes each.
    expect(paused).toBeLessThan(24 * 1024 * 1024);
  });

  test("takes a stream no faster than the upstream", async () => {
    let given = 0;
    await using server = await rawServer(() => undefined);
    async function* endless() {
      for (;;) {
        given += 65_536;
        yield new Uint8Array(65_536);
      }
    }

    const error = await run(
      Effect.gen(function* () {
        const upstream = yield* Upstream;
        const accepted = server.accepted();
        const connection = yield* upstream.connect(server.origin, PATIENT_MILLIS);
        (yield* Effect.promise(() => accepted)).pause();
        return yield* Effect.flip(
          connection.send({
            method: "POST",
            target: "/",
            headers: [],
            body: endless(),
            headTimeoutMillis: 200,
          }),
        );
      }),
    );

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "timeout" });
    expect(given).toBeLessThan(24 * 1024 * 1024);
  });
});

describe("send() of something that is not HTTP", () => {
  test.each([
    ["target", { target: "/with space" }],
    ["header value", { headers: [["X-Secret", "hush\r\nX: 1"]] as const }],
    ["header name", { headers: [["X Secret", "hush"]] as const }],
    ["method", { method: "GE T" }],
  ])("fails for a %s and doesn't tell it", async (_, request) => {
    await using server = await rawServer((socket) => socket.write(ok("")));

    const error = await run(Effect.flip(call(server.origin, request)));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "protocol" });
    expect(error.message).not.toContain("hush");
    expect(server.requests).toEqual([]);
  });
});

async function* endlessBody() {
  for (;;) yield new TextEncoder().encode("hel");
}

async function* streamOf(...texts: readonly string[]) {
  for (const text of texts) yield new TextEncoder().encode(text);
}
