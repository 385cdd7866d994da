import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { someTry } from "../support/moving-clock.ts";
import { adminToken } from "../support/service.ts";
import { until } from "./client.ts";
import { linesOf, rawUpstream, received, startGateway, statusOf } from "./gateway.ts";

const MIB = 1024 * 1024;
const gateway = await startGateway();
const upstream = await rawUpstream();
const source = { timeout_ms: 20_000 };
await gateway.proxy("open", upstream.url, { source });
await gateway.proxy("kept", upstream.url, { source, settings: { ttl: 60 } });
afterAll(async () => {
  const said = gateway.api.complaints() + gateway.api.output();
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  expect(said).not.toMatch(/died|Unhandled|TypeError|at .*\.ts:\d/);
}, 120_000);
beforeEach(() => {
  upstream.requests.length = 0;
  upstream.sockets.length = 0;
});

const HOST = "Host: gw.example\r\nConnection: close\r\n";
const pause = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis));

/** A chunked answer of `size` bytes, no faster than it is taken; says how much was. */
function large(size: number) {
  const sent = { bytes: 0 };
  const piece = Buffer.alloc(64 * 1024, "x");
  const chunk = Buffer.concat([
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
  upstream.answer((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const go = () => {
      while (sent.bytes < size) {
        if (socket.destroyed) return;
        sent.bytes += piece.length;
        if (!socket.write(chunk)) {
          socket.once("drain", go);
          return;
        }
      }
      socket.end("0\r\n\r\n");
    };
    go();
  });
  return sent;
}

/** The most memory that the process takes more than now, in MiB, while `work` runs. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = await gateway.memory();
  const seen = [before];
  const look = setInterval(async () => seen.push(await gateway.memory()), 50);
  await work().finally(() => clearInterval(look));
  return Math.max(...seen, await gateway.memory()) - before;
}

const gone = (socket: Socket | undefined, millis = 2_000) =>
  until(
    () => socket?.destroyed === true || socket?.readableEnded === true,
    (isGone) => isGone,
    millis,
  );

describe("a large answer to a slow client", () => {
  test.each(["open", "kept"])(
    "of the proxy %s takes little memory",
    async (proxy) => {
      const size = 1024 * MIB;
      const sent = large(size);
      const client = await gateway.open();
      let taken = 0;
      const grown = await growth(async () => {
        client.on("data", (piece) => (taken += piece.length));
        client.pause();
        client.write(`GET /gw/shop/${proxy}/large HTTP/1.1\r\n${HOST}\r\n`);
        await pause(1_500);
        expect(sent.bytes).toBeLessThan(64 * MIB);
        const over = new Promise((resolve) => client.once("close", resolve));
        client.resume();
        await over;
      });
      console.log(`1 GiB through ${proxy}: ${Math.round(grown)} MiB more`);
      expect(sent.bytes).toBe(size);
      expect(taken).toBeGreaterThan(size);
      expect(grown).toBeLessThan(192);
    },
    120_000,
  );

  test("is not kept, and comes again from the upstream", async () => {
    large(8 * MIB);
    for (let times = 0; times < 2; times += 1) {
      const answer = await gateway.wire(
        `GET /gw/shop/kept/again HTTP/1.1\r\n${HOST}\r\n`,
      );
      expect(statusOf(answer)).toBe(200);
    }
    expect(upstream.requests).toHaveLength(2);
  });
});

describe("a large body of a request", () => {
  const upload = async (proxy: string, size: number, framing: "length" | "chunked") => {
    const client = await gateway.open();
    const answer = received(client);
    const piece = Buffer.alloc(64 * 1024, "x");
    const head =
      framing === "length" ? `Content-Length: ${size}` : "Transfer-Encoding: chunked";
    client.write(`POST /gw/shop/${proxy}/up HTTP/1.1\r\n${HOST}${head}\r\n\r\n`);
    const sent = { bytes: 0 };
    const sending = (async () => {
      while (sent.bytes < size && !client.destroyed) {
        if (framing === "chunked") client.write(`${piece.length.toString(16)}\r\n`);
        const goesOn = client.write(piece);
        if (framing === "chunked") client.write("\r\n");
        sent.bytes += piece.length;
        if (goesOn) continue;
        await new Promise<void>((resolve) => {
          const go = () => {
            client.off("drain", go).off("close", go);
            resolve();
          };
          client.on("drain", go).on("close", go);
        });
      }
      if (framing === "chunked") client.write("0\r\n\r\n");
    })();
    return { client, sent, sending, answer };
  };

  test.each(["length", "chunked"] as const)(
    "goes up whole, no faster than the upstream takes it (%s)",
    async (framing) => {
      const size = 96 * MIB;
      let arrived = 0;
      const goesOn = Promise.withResolvers<void>();
      upstream.answer((socket, request) => {
        arrived = request.length - request.indexOf("\r\n\r\n") - 4;
        socket.pause();
        void goesOn.promise.then(() => socket.resume());
        socket.on("data", (piece) => {
          arrived += piece.length;
          if (arrived >= size) {
            socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
          }
        });
      });
      let before = 0;
      const grown = await growth(async () => {
        const { sent, sending, answer } = await upload("open", size, framing);
        await pause(800);
        before = sent.bytes;
        goesOn.resolve();
        await sending;
        expect(await answer).toEndWith("done");
      });
      expect(arrived).toBeGreaterThanOrEqual(size);
      expect(before).toBeLessThan(64 * MIB);
      console.log(`96 MiB up (${framing}): ${Math.round(grown)} MiB more`);
      expect(grown).toBeLessThan(128);
    },
    120_000,
  );

  test("that the upstream refuses early gets its refusal", async () => {
    upstream.answer((socket) => {
      // As servers do: one that closes with bytes unread takes back what it said (RFC 9112 §9.6).
      socket.resume();
      socket.end("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
    });
    // The runtime closes behind its answer, which takes it away from who goes on sending.
    const text = await someTry(
      async () => {
        const { sending, answer, client } = await upload("open", 32 * MIB, "chunked");
        await Promise.race([sending, answer, pause(20_000)]);
        client.end();
        return Promise.race([answer, pause(20_000)]);
      },
      (heard) => heard !== "",
      12,
    );
    expect(text).toStartWith("HTTP/1.1 413");
  });

  test("of a GET that waits is not taken into memory", async () => {
    upstream.answer((socket) => {
      setTimeout(
        () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        1_500,
      );
    });
    const client = await gateway.open();
    const answer = received(client);
    const grown = await growth(async () => {
      client.write(
        `GET /gw/shop/open/get HTTP/1.1\r\n${HOST}Content-Length: ${256 * MIB}\r\n\r\n`,
      );
      const piece = Buffer.alloc(MIB, " ");
      for (let times = 0; times < 256 && !client.destroyed; times += 1) {
        if (!client.write(piece)) {
          await Promise.race([new Promise((go) => client.once("drain", go)), pause(20)]);
        }
      }
      await Promise.race([answer, pause(2_000)]);
      client.destroy();
    });
    expect(grown).toBeLessThan(64);
  }, 120_000);

  test("that breaks off while it is taken for a key calls nobody", async () => {
    await gateway.proxy("all", upstream.url, {
      settings: { ttl: 60, cacheOnlyHttpGetRequests: false },
    });
    const client = await gateway.open();
    client.write(
      `POST /gw/shop/all/up HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    );
    await pause(100);
    client.destroy();
    await pause(200);
    expect(upstream.requests).toEqual([]);
  });

  test.each([
    ["within chunks", "Transfer-Encoding: chunked", "5\r\nhello\r\n", ""],
    ["before its length", "Content-Length: 100", "hello", ""],
    [
      "with a chunk that is none",
      "Transfer-Encoding: chunked",
      "5\r\nhello\r\n",
      "ZZ\r\n",
    ],
  ])(
    "that breaks off %s is no whole request to the upstream",
    async (_, head, body, last) => {
      let text = "";
      upstream.answer((socket, request) => {
        text = request;
        socket.on("data", (piece) => (text += piece.toString("latin1")));
      });
      const client = await gateway.open();
      client.write(`POST /gw/shop/open/up HTTP/1.1\r\n${HOST}${head}\r\n\r\n${body}`);
      await until(
        () => text.includes("hello"),
        (isThere) => isThere,
      );
      client.end(last);
      await gone(upstream.sockets[0]);
      client.destroy();
      expect(text).not.toContain("0\r\n\r\n");
    },
  );

  test.each(["length", "chunked"] as const)(
    "is refused where it is for the API: 413 over 1 MiB (%s)",
    async (framing) => {
      const size = 3 * MIB;
      const head =
        framing === "length" ? `Content-Length: ${size}` : "Transfer-Encoding: chunked";
      const body = Buffer.alloc(size, " ");
      // The rest that comes late on a connection that is closed takes the answer away.
      const text = await someTry(
        async () => {
          const client = await gateway.open();
          const answer = received(client);
          client.write(
            `POST /api/v1/sources HTTP/1.1\r\n${HOST}Authorization: Bearer ${adminToken}\r\n` +
              `Content-Type: application/json\r\n${head}\r\n\r\n`,
          );
          if (framing === "chunked") client.write(`${size.toString(16)}\r\n`);
          client.write(body);
          if (framing === "chunked") client.write("\r\n0\r\n\r\n");
          return answer;
        },
        (heard) => heard !== "",
      );
      expect(statusOf(text)).toBe(413);
    },
  );

  test.each([
    "/api/v1/sources",
    "/api/v1/auth/login",
    "/docs",
    "/api/v1/healthz",
    "/apiops/projects/",
  ])(
    "of 64 MiB for %s is not taken into memory",
    async (path) => {
      const client = await gateway.open();
      const answer = received(client);
      const grown = await growth(async () => {
        client.write(
          `POST ${path} HTTP/1.1\r\n${HOST}Authorization: Bearer ${adminToken}\r\n` +
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        const piece = `${MIB.toString(16)}\r\n${" ".repeat(MIB)}\r\n`;
        for (let times = 0; times < 64 && !client.destroyed; times += 1) {
          client.write(piece);
          await pause(1);
        }
        if (!client.destroyed) client.write("0\r\n\r\n");
        await Promise.race([answer, pause(2_000)]);
        client.destroy();
      });
      const status = statusOf(await answer);
      if (!Number.isNaN(status)) expect(status).toBeGreaterThanOrEqual(400);
      expect(grown).toBeLessThan(48);
    },
    120_000,
  );
});

describe("a client that goes away ends the call", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["while the upstream thinks", ""],
    ["behind a head", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"],
    [
      "within a body that has gone silent",
      "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
    ],
    [
      "within endless events",
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
    ],
  ];
  test.each(
    cases.flatMap(([when, answer]) =>
      ["open", "kept"].map((proxy) => [when, proxy, answer] as const),
    ),
  )("%s (%s)", async (when, proxy, answer) => {
    upstream.answer((socket) => void (answer !== "" && socket.write(answer)));
    const client = await gateway.open();
    client.write(
      `GET /gw/shop/${proxy}/${encodeURIComponent(when)} HTTP/1.1\r\n${HOST}\r\n`,
    );
    await until(
      () => upstream.sockets.length,
      (count) => count === 1,
    );
    await pause(150);
    expect(upstream.sockets[0]?.destroyed).toBe(false);
    client.destroy();
    await gone(upstream.sockets[0]);
  });

  test.each([
    ["while the upstream thinks", false],
    ["within the body", true],
  ])("unless others wait for it: %s", async (when, isLate) => {
    const path = `/gw/shop/kept/others-${isLate}`;
    let finish = () => {};
    upstream.answer((socket) => {
      const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
      if (isLate) socket.write(`${head}hello`);
      finish = () => socket.end(isLate ? "world" : `${head}helloworld`);
    });
    const leader = await gateway.open();
    leader.write(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`);
    await until(
      () => upstream.requests.length,
      (count) => count === 1,
    );
    const followers = Array.from({ length: 3 }, () =>
      gateway.wire(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`),
    );
    await pause(200);
    await gateway.settled("kept");
    leader.destroy();
    await pause(200);
    await gateway.settled("kept");
    finish();
    for (const answer of await Promise.all(followers)) {
      expect(answer, when).toEndWith("helloworld");
    }
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("events", () => {
  test.each(["open", "kept"])("arrive as they come (%s)", async (proxy) => {
    upstream.answer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    });
    const client = await gateway.open();
    let text = "";
    client.on("data", (piece) => (text += piece.toString()));
    client.write(`GET /gw/shop/${proxy}/events HTTP/1.1\r\n${HOST}\r\n`);
    await until(
      () => text,
      (heard) => heard.includes("200 OK"),
      1_000,
    );
    for (const event of ["data: one\n\n", "data: two\n\n"]) {
      upstream.sockets[0]?.write(event);
      await until(
        () => text,
        (heard) => heard.includes(event),
        1_000,
      );
    }
    client.destroy();
  });
});

describe("who comes while another's answer is on its way", () => {
  test("does not wait for events that never end", async () => {
    upstream.answer((socket) => {
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n",
      );
    });
    const clients = [await gateway.open(), await gateway.open()];
    const heard = clients.map(() => "");
    for (const [index, client] of clients.entries()) {
      client.on("data", (piece) => (heard[index] += piece.toString()));
      client.write(`GET /gw/shop/kept/both HTTP/1.1\r\n${HOST}\r\n`);
      await pause(100);
    }
    await until(
      () => heard[1] ?? "",
      (text) => text.includes("data: 1"),
      2_000,
    ).finally(() => {
      for (const client of clients) client.destroy();
    });
  });

  test("does not wait longer than its source allows", async () => {
    await gateway.proxy("slow", upstream.url, {
      source: { timeout_ms: 2_500 },
      settings: { ttl: 60 },
    });
    // Never silent for long, and never at its end.
    upstream.answer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
      const drip = setInterval(() => socket.write("x"), 100);
      socket.once("close", () => clearInterval(drip));
    });
    const leader = await gateway.open();
    leader.write(`GET /gw/shop/slow/drip HTTP/1.1\r\n${HOST}\r\n`);
    await pause(200);
    const follower = await gateway.open();
    let heard = "";
    follower.on("data", (piece) => (heard += piece.toString()));
    follower.write(`GET /gw/shop/slow/drip HTTP/1.1\r\n${HOST}\r\n`);
    await until(
      () => statusOf(heard),
      (status) => !Number.isNaN(status),
      5_500,
    ).finally(() => {
      leader.destroy();
      follower.destroy();
    });
    expect(statusOf(heard)).toBe(200);
  });
});

describe("a thousand ranges", () => {
  test("of what is stored cost no more than the whole", async () => {
    const body = "x".repeat(MIB);
    upstream.answer((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const request = (ranges: string) =>
      gateway.wire(
        `GET /gw/shop/kept/ranges HTTP/1.1\r\n${HOST}Range: bytes=${ranges}\r\n\r\n`,
      );
    await request("0-1");
    for (const one of ["0-", "5-,0-", "-1048576"]) {
      const answer = await request(Array(1_000).fill(one).join(","));
      expect(answer.length, one).toBeLessThan(3 * MIB);
    }
    const many = Array.from({ length: 1_000 }, (_, index) => `${index * 2}-${index * 2}`);
    expect((await request(many.join(","))).length).toBeLessThan(3 * MIB);
  }, 120_000);
});

describe("a thousand misses at once", () => {
  test("of one key are one call", async () => {
    upstream.answer((socket) => {
      setTimeout(
        () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        1_500,
      );
    });
    const started = performance.now();
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, () =>
        gateway.wire(`GET /gw/shop/kept/thousand HTTP/1.1\r\n${HOST}\r\n`, 60_000),
      ),
    );
    console.log(`1,000 misses of one key: ${Math.round(performance.now() - started)} ms`);
    expect(new Set(answers.map((answer) => answer.slice(-6)))).toEqual(
      new Set(["\r\n\r\nok"]),
    );
    expect(upstream.requests).toHaveLength(1);
    const hits = answers.filter((answer) => linesOf(answer, "x-uc-cache")[0] === "HIT");
    expect(hits.length).toBe(999);
  }, 120_000);

  test("of as many keys wait for no call while the quota has plenty", async () => {
    upstream.answer((socket) => {
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    const statuses = await Promise.all(
      Array.from({ length: 1_000 }, async (_, index) =>
        statusOf(
          await gateway.wire(
            `GET /gw/shop/open/many-${index} HTTP/1.1\r\n${HOST}\r\n`,
            60_000,
          ),
        ),
      ),
    );
    const refused = statuses.filter((status) => status !== 200);
    console.log(`1,000 misses of 1,000 keys: ${refused.length} refused`);
    expect(refused).toEqual([]);
  }, 120_000);

  test("of large answers to clients who don't read take bounded memory", async () => {
    const body = Buffer.alloc(4 * MIB, "x");
    upstream.answer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.end(body);
    });
    const clients: Socket[] = [];
    const grown = await growth(async () => {
      for (let index = 0; index < 400; index += 1) {
        const client = await gateway.open();
        clients.push(client);
        client.pause();
        client.write(`GET /gw/shop/kept/unread-${index} HTTP/1.1\r\n${HOST}\r\n`);
        if (index % 25 === 0) await pause(50);
      }
      await pause(3_000);
    });
    for (const client of clients) client.destroy();
    console.log(`400 unread answers of 4 MiB: ${Math.round(grown)} MiB more`);
    // All of them together are 1,600 MiB.
    expect(grown).toBeLessThan(1_300);
  }, 120_000);
});
