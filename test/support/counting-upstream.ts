/**
 * A real upstream on loopback that counts its calls and answers as the test says.
 *
 * @module
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface UpstreamCall {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  /** Unix milliseconds. */
  readonly at: number;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface CountingUpstream extends AsyncDisposable {
  readonly url: string;
  readonly calls: UpstreamCall[];
  /** From now on every call is answered so. */
  answer(answer: Answer): void;
  /** Resolves when `count` calls have come in all. */
  called(count: number): Promise<void>;
}

/** Answers `{"path": <target>, "call": <number>}` until told otherwise. */
export async function countingUpstream(): Promise<CountingUpstream> {
  const calls: UpstreamCall[] = [];
  const waiting = new Set<() => void>();
  let current: Answer = (request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ path: request.url, call: calls.length }));
  };
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    calls.push({ method, target: url, headers, at: Date.now() });
    for (const wake of waiting) wake();
    current(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Safe because the server listens on an address and not on a pipe.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    answer: (answer) => {
      current = answer;
    },
    called: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (calls.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers `body` as JSON under `status`, with `headers`. */
export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
