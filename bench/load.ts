/**
 * A client with keep-alive connections that asks for one thing again and again, each
 * connection for itself, and looks at nothing but the status and the length of an answer.
 *
 * Usage: bun bench/load.ts <url> <token> <connections> <requests>. Prints JSON:
 * `{requests, failures, seconds}`.
 *
 * @module
 */
const [url = "", token = "", connections = "16", wanted = "10000"] =
  process.argv.slice(2);
const { hostname, port, pathname } = new URL(url);
const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${token}\r\n\r\n`;

let left = Number(wanted);
let failures = 0;

/** Resolves when no request is left for it. */
function askAgainAndAgain(): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = "";
    void Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => ask(socket),
        data: (socket, chunk) => {
          received += chunk.toString("latin1");
          const headEnd = received.indexOf("\r\n\r\n");
          if (headEnd < 0) return;
          const head = received.slice(0, headEnd);
          const length = /^content-length: *(\d+)/im.exec(head)?.[1];
          if (length === undefined) return reject(new Error(`No length: ${head}`));
          if (received.length < headEnd + 4 + Number(length)) return;
          if (!head.startsWith("HTTP/1.1 200 ")) failures += 1;
          received = "";
          ask(socket);
        },
        close: () => resolve(),
        error: (_, error) => reject(error),
      },
    }).catch(reject);

    const ask = (socket: { write(text: string): number; end(): void }) => {
      if (left === 0) return socket.end();
      left -= 1;
      socket.write(request);
    };
  });
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: Number(connections) }, askAgainAndAgain));
const seconds = (performance.now() - startedAt) / 1_000;
process.stdout.write(
  `${JSON.stringify({ requests: Number(wanted), failures, seconds })}\n`,
);
