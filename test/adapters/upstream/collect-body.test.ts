import { describe, expect, test } from "bun:test";
import { Effect, Fiber } from "effect";
import type { Socket } from "node:net";
import {
  brotliCompressSync,
  createGzip,
  deflateRawSync,
  deflateSync,
  gzipSync,
} from "node:zlib";
import { Upstream } from "../../../src/services/refresh/upstream.ts";
import type { UpstreamRequest } from "../../../src/services/refresh/upstream.ts";
import { call, PATIENT_MILLIS, run } from "./calling.ts";
import { gone, rawServer, type RawServer } from "./raw-server.ts";

const limits = { maxBytes: 1_000_000, deadlineMillis: PATIENT_MILLIS };

const collect = Effect.fnUntraced(function* (
  server: RawServer,
  given: Partial<typeof limits> = {},
  request: Partial<UpstreamRequest> = {},
) {
  const upstream = yield* Upstream;
  const reply = yield* call(server.origin, request);
  return yield* upstream.collect(reply, { ...limits, ...given });
});

const hello = Buffer.from("hello, ".repeat(1_000));

describe("collect()", () => {
  test.each<readonly [string, Uint8Array]>([
    ["identity", hello],
    ["", hello],
    ["gzip", gzipSync(hello)],
    ["X-GZip", gzipSync(hello)],
    ["deflate", deflateSync(hello)],
    ["deflate", deflateRawSync(hello)],
    ["br", brotliCompressSync(hello)],
    ["deflate, gzip", gzipSync(deflateSync(hello))],
    ["br,identity , gzip, deflate", deflateSync(gzipSync(brotliCompressSync(hello)))],
    [
      "gzip",
      Buffer.concat([gzipSync(hello.subarray(0, 9)), gzipSync(hello.subarray(9))]),
    ],
  ])("takes %p off", async (coding, body) => {
    await using server = await rawServer((socket) => answer(socket, coding, body));

    const { bytes } = await run(collect(server));

    expect(Buffer.from(bytes).equals(hello)).toBe(true);
  });

  test("takes a body that comes byte by byte", async () => {
    await using server = await rawServer((socket) => {
      const body = gzipSync("hello");
      socket.write(head("gzip", body.length));
      for (const byte of body) socket.write(Uint8Array.of(byte));
    });

    const { bytes } = await run(collect(server));

    expect(new TextDecoder().decode(bytes)).toBe("hello");
  });

  test("gives the connection back", async () => {
    await using server = await rawServer((socket) =>
      answer(socket, "gzip", gzipSync(hello)),
    );

    await run(Effect.all([collect(server), collect(server)]));

    expect(new Set(server.ports).size).toBe(1);
  });

  test.each(["HEAD", "GET"])("takes an empty body in any coding: %s", async (method) => {
    await using server = await rawServer((socket) =>
      method === "HEAD"
        ? socket.write(head("gzip", 2_000_000))
        : answer(socket, "gzip", new Uint8Array()),
    );

    expect(await run(collect(server, {}, { method }))).toEqual({
      bytes: new Uint8Array(),
    });
  });

  test.each<readonly [string, string, Uint8Array]>([
    ["encoding", "zstd", hello],
    [
      "encoding",
      "gzip, gzip, gzip, gzip",
      [1, 2, 3, 4].reduce((b) => gzipSync(b), hello),
    ],
    ["encoding", "gzip", hello],
    ["encoding", "br", Buffer.alloc(1_000, 0xff)],
    ["truncated", "gzip", gzipSync(hello).subarray(0, -9)],
    ["truncated", "gzip", gzipSync(hello).subarray(0, 1)],
    ["truncated", "deflate", deflateSync(hello).subarray(0, -9)],
    ["truncated", "br", brotliCompressSync(hello).subarray(0, -9)],
    ["truncated", "deflate, gzip", gzipSync(deflateSync(hello).subarray(0, -9))],
  ])("refuses as %s what says %p and isn't", async (reason, coding, body) => {
    await using server = await rawServer((socket) => answer(socket, coding, body));

    const error = await run(Effect.flip(collect(server)));

    expect(error).toMatchObject({ _tag: "UpstreamBodyRefused", reason });
  });

  test("refuses one byte too many and takes the last one allowed", async () => {
    await using server = await rawServer((socket) => answer(socket, "identity", hello));

    const taken = await run(collect(server, { maxBytes: hello.length }));
    const error = await run(Effect.flip(collect(server, { maxBytes: hello.length - 1 })));

    expect(taken.bytes).toHaveLength(hello.length);
    expect(error).toMatchObject({ _tag: "UpstreamBodyRefused", reason: "too-large" });
  });

  test("refuses an announced length at once, whatever comes", async () => {
    await using server = await rawServer((socket) => {
      socket.write(`${head("identity", 10_000_000_000)}x`);
    });

    const error = await run(Effect.flip(collect(server)));

    expect(error).toMatchObject({ _tag: "UpstreamBodyRefused", reason: "too-large" });
    await gone(server.sockets[0]);
  });

  test("refuses what never ends", async () => {
    await using server = await rawServer((socket) => {
      const piece = Buffer.from(`10000\r\n${"x".repeat(65_536)}\r\n`);
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const push = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", push);
      push();
    });

    const error = await run(Effect.flip(collect(server)));

    expect(error).toMatchObject({ _tag: "UpstreamBodyRefused", reason: "too-large" });
    await gone(server.sockets[0]);
  });

  test.each([
    ["once", "gzip"],
    ["twice", "gzip, gzip"],
  ])(
    "stops a bomb packed %s at the limit, with the memory of the limit",
    async (_, coding) => {
      const once = await bomb(256 * 1024 * 1024);
      const body = coding === "gzip" ? once : gzipSync(once);
      await using server = await rawServer((socket) => {
        // The length is one byte more, so only stopping early ends this call in time.
        socket.write(head(coding, body.length + 1));
        socket.write(body);
      });
      Bun.gc(true);
      const before = process.memoryUsage().rss;

      const error = await run(Effect.flip(collect(server)));

      expect(error).toMatchObject({ _tag: "UpstreamBodyRefused", reason: "too-large" });
      expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
      await gone(server.sockets[0]);
    },
  );

  test.each(["identity", "gzip"])(
    "stops a slow drip of %s at the deadline",
    async (coding) => {
      const body = coding === "gzip" ? gzipSync(hello) : hello;
      await using server = await rawServer((socket) => {
        socket.write(head(coding, body.length));
        let sent = 0;
        const drip = setInterval(() => socket.write(body.subarray(sent, ++sent)), 10);
        socket.once("close", () => clearInterval(drip));
      });

      const error = await run(Effect.flip(collect(server, { deadlineMillis: 100 })));

      expect(error).toMatchObject({ _tag: "UpstreamBodyRefused", reason: "timeout" });
      await gone(server.sockets[0]);
    },
  );

  test("passes on that the upstream broke off", async () => {
    const body = gzipSync(hello);
    await using server = await rawServer((socket) => {
      socket.write(head("gzip", body.length));
      socket.end(body.subarray(0, 20));
    });

    const error = await run(Effect.flip(collect(server)));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "body" });
  });

  test("closes the connection when interrupted", async () => {
    await using server = await rawServer((socket) => {
      socket.write(`${head("identity", 9)}hi`);
    });

    await run(
      Effect.gen(function* () {
        const upstream = yield* Upstream;
        const reply = yield* call(server.origin);
        const fiber = yield* Effect.forkChild(upstream.collect(reply, limits));
        yield* Effect.yieldNow;
        yield* Fiber.interrupt(fiber);
        yield* Effect.promise(() => gone(server.sockets[0]));
      }),
    );

    expect(server.requests).toHaveLength(1);
  });
});

function head(coding: string, length: number): string {
  return `HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\nContent-Length: ${length}\r\n\r\n`;
}

function answer(socket: Socket, coding: string, body: Uint8Array): void {
  socket.write(head(coding, body.length));
  socket.write(body);
}

/** `size` zeros, gzipped a piece at a time. */
async function bomb(size: number): Promise<Buffer> {
  const gzip = createGzip({ level: 1 });
  const piece = Buffer.alloc(1024 * 1024);
  const packed = (async () => Buffer.concat(await Array.fromAsync<Buffer>(gzip)))();
  for (let sent = 0; sent < size; sent += piece.length) {
    if (!gzip.write(piece)) await new Promise((resolve) => gzip.once("drain", resolve));
  }
  gzip.end();
  return packed;
}
