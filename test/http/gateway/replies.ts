/**
 * What upstreams answer in the tests of the data plane, and how answers are read.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Answer } from "../../support/counting-upstream.ts";
import type { DataPlane } from "./data-plane-service.ts";

type Headers = Record<string, string | string[]>;

/** Answers so, whatever is asked. */
export const reply =
  (body: string | Uint8Array, headers: Headers = {}, status = 200): Answer =>
  (_, response) => {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // In one piece with its length, so that nothing hangs on how quickly it comes.
    response.end(body);
  };

/** Answers `call 1`, `call 2` and so on, each under these headers. */
export const numbered = (headers: Headers = {}, status = 200): Answer => {
  let calls = 0;
  return (request, response) =>
    reply(`call ${++calls}`, headers, status)(request, response);
};

/** Answers the value of this header of the request, and varies by it. */
export const echoOf =
  (name: string, headers: Headers = {}): Answer =>
  (request, response) =>
    reply(`${request.headers[name.toLowerCase()] ?? "none"}`, headers)(request, response);

export const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

/** Answers with the method and the body of the request, and the number of the call. */
export const echoOfBody = (headers: Headers = {}): Answer => {
  let calls = 0;
  return (request, response) => {
    const call = ++calls;
    void bodyOf(request).then((body) =>
      reply(`${request.method} ${body} ${call}`, headers)(request, response),
    );
  };
};

/** `HIT`, `MISS`, `STALE`, `BYPASS`. */
export const labelOf = (response: Response) => response.headers.get("X-UC-Cache");

export const statusOf = (response: Response) => response.headers.get("Cache-Status");

/** Some turns of this process: what waits for nothing outside of it is done by then. */
export const turns = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
};

/**
 * Until all that asked for `path` before have looked up what is stored, nothing, and wait for
 * who leads: this looks it up behind them, and asks no upstream.
 */
export async function settled(
  get: (path: string, headers: Record<string, string>) => Promise<Response>,
  path: string,
) {
  const { status } = await get(path, { "cache-control": "only-if-cached" });
  if (status !== 504) throw new Error(`Something is stored, or no store is: ${status}`);
  await turns();
}

/** Whole seconds since `startedAt` of `performance.now()`, at most. */
export const secondsSince = (startedAt: number) =>
  Math.ceil((performance.now() - startedAt) / 1_000);

/**
 * `Cache-Status`, with the `ttl` that `expected` has where it is as much, or less by no more than
 * has passed since `startedAt`: a machine may stand still.
 */
export const statusSince = (startedAt: number, response: Response, expected: string) =>
  statusOf(response)?.replace(TTL, (said, seconds) => {
    const [whole = "", full] = TTL.exec(expected) ?? [];
    const passed = Number(full) - Number(seconds);
    return passed >= 0 && passed <= secondsSince(startedAt) ? whole : said;
  });

const TTL = /ttl=(-?\d+)/;

/** The word and the body of an answer: `HIT call 1`. */
export const told = async (response: Response): Promise<string> =>
  `${labelOf(response)} ${await response.text()}`;

/**
 * The answer once its body has come: what is kept of it is kept by then, however busy the
 * machine is.
 */
export async function wholly(coming: Promise<Response>): Promise<Response> {
  const response = await coming;
  const bytes = await response.arrayBuffer();
  const { status, headers } = response;
  const isBodiless = status === 204 || status === 304;
  return new Response(isBodiless ? null : bytes, { status, headers });
}

/** Requests to `plane` that are answered wholly. */
export const readWhole = (plane: DataPlane) => ({
  get: (path: string, headers: Record<string, string> = {}) =>
    wholly(plane.get(path, headers)),
  send: (method: string, path: string, init: RequestInit = {}) =>
    wholly(plane.send(method, path, init)),
});
