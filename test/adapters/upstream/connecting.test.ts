import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { once } from "node:events";
import { createServer } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { UpstreamOptions } from "../../../src/adapters/upstream/http-exchange.ts";
import { originOf } from "../../../src/domain/source/origin.ts";
import { Upstream } from "../../../src/services/refresh/upstream.ts";
import { testCertificate, testPrivateKey } from "../../support/tls.ts";
import { callText, loopback, ok, PATIENT_MILLIS, run } from "./calling.ts";
import { rawServer, serve } from "./raw-server.ts";

const refusal = (url: string, options: UpstreamOptions = { allowCidrs: [] }) =>
  run(
    Effect.gen(function* () {
      const origin = originOf(url);
      if (origin === undefined) throw new Error(`Cannot read "${url}"`);
      const upstream = yield* Upstream;
      return yield* Effect.flip(upstream.connect(origin, PATIENT_MILLIS));
    }),
    options,
  );

describe("connect() without an allow list", () => {
  test.each([
    "127.0.0.1",
    "localhost",
    "0x7f.1",
    "2130706433",
    "0177.0.0.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "0.0.0.0",
  ])("refuses http://%s and connects to nothing", async (host) => {
    await using server = await rawServer((socket) => socket.write(ok("")));

    const error = await refusal(`http://${host}:${server.origin.port}/`);

    expect(error).toMatchObject({
      _tag: "UpstreamUnreachable",
      reason: "address-refused",
    });
    expect(server.sockets).toEqual([]);
  });

  test("refuses a spelling that only the system's lookup understands", async () => {
    const error = await run(
      Effect.gen(function* () {
        const upstream = yield* Upstream;
        const origin = { scheme: "http", host: "127.1", port: 1 } as const;
        return yield* Effect.flip(upstream.connect(origin, PATIENT_MILLIS));
      }),
      { allowCidrs: [] },
    );

    expect(error._tag).toBe("UpstreamUnreachable");
    expect(["address-refused", "dns"]).toContain(error.reason);
  });
});

describe("connect()", () => {
  test("goes to an address that the allow list admits, also by name", async () => {
    await using server = await rawServer((socket) => socket.write(ok("hi")));

    const text = await run(callText({ ...server.origin, host: "localhost" }));

    expect(text).toBe("hi");
    expect(server.requests[0]).toContain(`Host: localhost:${server.origin.port}\r\n`);
  });

  test("tells a name without address from a port without server", async () => {
    const idle = createServer().listen(0, "127.0.0.1");
    await once(idle, "listening");
    const { port } = idle.address() as { port: number };
    await new Promise((resolve) => idle.close(resolve));

    expect(await refusal("http://nowhere.invalid/", loopback)).toMatchObject({
      reason: "dns",
    });
    expect(await refusal(`http://127.0.0.1:${port}/`, loopback)).toMatchObject({
      reason: "connect",
    });
    expect(await refusal(`https://127.0.0.1:${port}/`, loopback)).toMatchObject({
      reason: "connect",
    });
  });

  test("dies where the allow list is none", async () => {
    await expect(
      refusal("http://127.0.0.1/", { allowCidrs: ["127.0.0.0/8", "x"] }),
    ).rejects.toThrow('Cannot read address range "x"');
  });

  test("gives up on a handshake that doesn't end, and closes", async () => {
    const accepted = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on("error", () => undefined).on("close", () => accepted.resolve());
      socket.resume();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };

    const error = await run(
      Effect.gen(function* () {
        const upstream = yield* Upstream;
        const origin = { scheme: "https", host: "127.0.0.1", port } as const;
        return yield* Effect.flip(upstream.connect(origin, 50));
      }),
    );

    expect(error.reason).toBe("timeout");
    await accepted.promise;
    server.close();
  });
});

describe("connect() over TLS", () => {
  test("refuses a certificate that nobody vouches for", async () => {
    await using server = await tlsServer();

    const error = await refusal(`https://localhost:${server.origin.port}/`, loopback);

    expect(error).toMatchObject({ _tag: "UpstreamUnreachable", reason: "tls" });
    expect(server.requests).toEqual([]);
  });

  test("refuses a certificate for another name, an address included", async () => {
    await using server = await tlsServer();

    const error = await refusal(`https://127.0.0.1:${server.origin.port}/`, trusting);

    expect(error).toMatchObject({ _tag: "UpstreamUnreachable", reason: "tls" });
    expect(server.requests).toEqual([]);
  });

  test("sends the name, checks it, and speaks HTTP/1.1", async () => {
    await using server = await tlsServer();

    const texts = await run(
      Effect.all([callText(server.origin), callText(server.origin)]),
      trusting,
    );

    expect(texts).toEqual(["localhost http/1.1", "localhost http/1.1"]);
    expect(server.requests[0]).toContain(`Host: localhost:${server.origin.port}\r\n`);
    expect(new Set(server.ports).size).toBe(1);
  });

  test("says tls where the other side speaks no TLS", async () => {
    const server = createServer((socket) => {
      socket
        .on("error", () => undefined)
        .once("data", () => socket.end("HTTP/1.1 400 B\r\n"));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };

    const error = await refusal(`https://localhost:${port}/`, trusting);

    expect(error).toMatchObject({ _tag: "UpstreamUnreachable", reason: "tls" });
    server.close();
  });
});

const trusting: UpstreamOptions = {
  ...loopback,
  certificateAuthorities: [testCertificate],
};
function tlsServer() {
  return serve(
    (socket) => {
      const { servername, alpnProtocol } = socket as TLSSocket;
      socket.write(ok(`${servername} ${alpnProtocol}`));
    },
    createTlsServer({
      cert: testCertificate,
      key: testPrivateKey,
      ALPNProtocols: ["h2", "http/1.1"],
    }),
    "https",
    "localhost",
  );
}
