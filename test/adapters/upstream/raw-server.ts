/**
 * An upstream that answers byte for byte as a test says, and notes what it was sent.
 *
 * @module
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { UpstreamOrigin } from "../../../src/domain/source/origin.ts";

export interface RawServer extends AsyncDisposable {
  readonly origin: UpstreamOrigin;
  /** The text of each request, head and body. */
  readonly requests: string[];
  /** Every connection so far, in the order of their coming. */
  readonly sockets: Socket[];
  /** Each request's connection, as the client's port. */
  readonly ports: (number | undefined)[];
  /** The next connection to come. */
  readonly accepted: () => Promise<Socket>;
}

type Answer = (socket: Socket, request: string) => void;

/** Calls `answer` for each whole request: its body ends by length or by the last chunk. */
export function rawServer(answer: Answer): Promise<RawServer> {
  return serve(answer, createServer(), "http", "127.0.0.1");
}

export async function serve(
  answer: Answer,
  server: Server,
  scheme: UpstreamOrigin["scheme"],
  host: string,
): Promise<RawServer> {
  const [requests, sockets, ports]: [string[], Socket[], (number | undefined)[]] = [
    [],
    [],
    [],
  ];
  const arrival = scheme === "http" ? "connection" : "secureConnection";
  server.on(arrival, (socket: Socket) => {
    sockets.push(socket);
    let text = "";
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      text += piece.toString("latin1");
      if (!isWhole(text)) return;
      const request = text;
      text = "";
      requests.push(request);
      ports.push(socket.remotePort);
      answer(socket, request);
    });
  });
  server.on("error", () => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: { scheme, host, port: (server.address() as AddressInfo).port },
    requests,
    sockets,
    ports,
    accepted: () => new Promise((resolve) => server.once(arrival, resolve)),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function isWhole(text: string): boolean {
  const [head = "", body] = text.split(/\r\n\r\n([^]*)/);
  if (body === undefined) return false;
  if (/^transfer-encoding: chunked/im.test(head)) return body.endsWith("0\r\n\r\n");
  return body.length >= Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
}

/** Resolves when the connection is over, however it ended. */
export function gone(socket: Socket | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket === undefined) reject(new Error("No connection"));
    else if (socket.destroyed) resolve();
    else socket.once("close", () => resolve());
  });
}
