import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { Socket } from "node:net";
import { call, callText, ok, run } from "./calling.ts";
import { gone, rawServer } from "./raw-server.ts";

describe("an upstream that breaks before the head", () => {
  test.each<readonly [string, string, (socket: Socket) => void]>([
    ["closes", "reset", (socket) => socket.end()],
    ["resets", "reset", (socket) => socket.resetAndDestroy()],
    ["closes in the head", "reset", (socket) => socket.end("HTTP/1.1 200 OK\r\nX: ")],
    ["sends no HTTP", "protocol", (socket) => socket.write("SSH-2.0-OpenSSH\r\n\r\n")],
    ["says HTTP/2", "protocol", (socket) => socket.write("HTTP/2.0 200 OK\r\n\r\n")],
    ["has a header without name", "protocol", (socket) => socket.write(head(": x"))],
    [
      "has two lengths",
      "protocol",
      (socket) => socket.write(head("Content-Length: 1", "Content-Length: 2")),
    ],
    [
      "has a length and chunks",
      "protocol",
      (socket) => socket.write(head("Content-Length: 1", "Transfer-Encoding: chunked")),
    ],
    ["switches protocols", "protocol", (socket) => socket.write(switching)],
    ["never ends its head", "protocol", (socket) => endless(socket, "X-A: b\r\n")],
    [
      "never ends its 1xx answers",
      "protocol",
      (socket) => endless(socket, "HTTP/1.1 102 P\r\n\r\n"),
    ],
  ])("%s: %s", async (_, reason, answer) => {
    await using server = await rawServer(answer);

    const error = await run(Effect.flip(call(server.origin)));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason });
    await gone(server.sockets[0]);
  });

  test("says nothing: timeout, and the connection closes", async () => {
    await using server = await rawServer(() => undefined);
    const accepted = server.accepted();

    const error = await run(Effect.flip(call(server.origin, { headTimeoutMillis: 50 })));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "timeout" });
    await gone(await accepted);
  });

  test("drips its head: the time for the whole head counts", async () => {
    await using server = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nX: ");
      const drip = setInterval(() => socket.write("x"), 10);
      socket.once("close", () => clearInterval(drip));
    });

    const error = await run(Effect.flip(call(server.origin, { headTimeoutMillis: 100 })));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "timeout" });
  });
});

describe("an upstream that breaks in the body", () => {
  test.each<readonly [string, (socket: Socket) => void]>([
    [
      "is shorter than announced",
      (socket) => socket.end(`${head("Content-Length: 9")}hi`),
    ],
    ["has no last chunk", (socket) => socket.end(`${head(chunked)}2\r\nhi\r\n`)],
    ["has a bad chunk", (socket) => socket.write(`${head(chunked)}2\r\nhi\r\nzz\r\n`)],
    [
      "is reset",
      (socket) => {
        socket.write(`${head("Content-Length: 9")}hi`, () => socket.resetAndDestroy());
      },
    ],
  ])("a body that %s is an error", async (_, answer) => {
    await using server = await rawServer(answer);

    const error = await run(Effect.flip(callText(server.origin)));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "body" });
  });

  test("gives the pieces before the break, then the error", async () => {
    await using server = await rawServer((socket) =>
      socket.end(`${head("Content-Length: 9")}hi`),
    );

    const [text, error] = await run(
      Effect.gen(function* () {
        const reply = yield* call(server.origin);
        return yield* Effect.promise(async () => {
          let text = "";
          try {
            for await (const piece of reply.body) text += new TextDecoder().decode(piece);
            return [text, undefined] as const;
          } catch (error) {
            return [text, error] as const;
          }
        });
      }),
    );

    expect(text).toBe("hi");
    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "body" });
  });

  test("sends more than announced: the rest is dropped with the connection", async () => {
    await using server = await rawServer((socket) => socket.write(`${ok("hi")}EXTRA`));

    const texts = await run(
      Effect.all([callText(server.origin), callText(server.origin)]),
    );

    expect(texts).toEqual(["hi", "hi"]);
    expect(new Set(server.ports).size).toBe(2);
  });

  test("takes a body that ends with the connection", async () => {
    await using server = await rawServer((socket) =>
      socket.end(`${head("X: 1")}hi there`),
    );

    expect(await run(callText(server.origin))).toBe("hi there");
  });

  test("drips: neither pause nor progress outlasts the time for the body", async () => {
    await using server = await rawServer((socket) => {
      socket.write(head("Content-Length: 1000"));
      const drip = setInterval(() => socket.write("x"), 10);
      socket.once("close", () => clearInterval(drip));
    });

    const error = await run(
      Effect.flip(
        callText(server.origin, { bodyTimeoutMillis: 100, bodyIdleMillis: 1_000 }),
      ),
    );

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "timeout" });
  });

  test("stops sending: timeout after the longest pause", async () => {
    await using server = await rawServer((socket) =>
      socket.write(`${head("Content-Length: 9")}hi`),
    );

    const error = await run(Effect.flip(callText(server.origin, { bodyIdleMillis: 50 })));

    expect(error).toMatchObject({ _tag: "UpstreamBroken", reason: "timeout" });
    await gone(server.sockets[0]);
  });
});

const chunked = "Transfer-Encoding: chunked";
const switching =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello";

function head(...lines: readonly string[]): string {
  return ["HTTP/1.1 200 OK", ...lines, "", ""].join("\r\n");
}

function endless(socket: Socket, text: string): void {
  if (text.startsWith("X")) socket.write("HTTP/1.1 200 OK\r\n");
  const push = () => {
    while (!socket.destroyed && socket.write(text.repeat(100)));
  };
  socket.on("drain", push);
  push();
}
