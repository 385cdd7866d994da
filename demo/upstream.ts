/**
 * A small API of country facts, `GET /v1/countries/{code}`, that lives by what rate-limited
 * APIs do: every call counts as it comes in, unchanged answers (304) too, and beyond the limit
 * of any 60 s it answers 429.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Arrivals } from "./arrivals.ts";
import type { Country } from "./countries.ts";

export const UPSTREAM_LATENCY_MILLIS = 80;

/** What the upstream knows about its callers. */
export interface Counters {
  readonly received: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly lastMinute: number;
  readonly mostInAnyMinute: number;
}

export interface Upstream extends AsyncDisposable {
  readonly url: string;
  counters(): Counters;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string | number>;
  readonly body?: string;
}

export async function startUpstream(
  countries: readonly Country[],
  perMinute: number,
): Promise<Upstream> {
  const documents = new Map(
    countries.map((country) => [pathOf(country), write(country)]),
  );
  const received = new Arrivals();
  const accepted = new Arrivals();
  let unchanged = 0;
  let refused = 0;

  const answerTo = (path: string, knownTag: string | undefined, now: number): Answer => {
    received.add(now);
    if (accepted.lastMinute(now) >= perMinute) {
      refused++;
      const seconds = Math.ceil(accepted.untilNextLeaves(now) / 1000);
      return { status: 429, headers: { "Retry-After": seconds } };
    }
    accepted.add(now);
    const document = documents.get(path);
    if (document === undefined) return { status: 404 };
    const headers = { ETag: document.tag, "Content-Type": "application/json" };
    if (knownTag !== document.tag) return { status: 200, headers, body: document.body };
    unchanged++;
    return { status: 304, headers: { ETag: document.tag } };
  };

  const server = createServer(({ url = "", headers }, response) => {
    const answer = answerTo(url, headers["if-none-match"], performance.now());
    setTimeout(() => send(response, answer), UPSTREAM_LATENCY_MILLIS);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // Safe because the server listens on an address and not on a pipe.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counters: () => ({
      received: received.total,
      unchanged,
      refused,
      lastMinute: received.lastMinute(performance.now()),
      mostInAnyMinute: received.mostInAnyMinute(),
    }),
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export function pathOf({ code }: Country): string {
  return `/v1/countries/${code}`;
}

function write({ code, facts }: Country) {
  const body = JSON.stringify({ code, ...facts });
  const hash = createHash("sha256").update(body).digest("base64url");
  return { body, tag: `"${hash.slice(0, 16)}"` };
}

function send(response: ServerResponse, { status, headers = {}, body }: Answer): void {
  response.writeHead(status, headers);
  response.end(body);
}
