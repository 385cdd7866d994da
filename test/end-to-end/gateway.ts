/**
 * The data plane of a real process, asked byte for byte.
 *
 * @module
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { dataPlane, type ProxyOptions } from "../http/gateway/data-plane-service.ts";
import { adminToken } from "../support/service.ts";
import { until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { type Environment, type RunningApi, startApi } from "./processes.ts";

export interface RunningGateway extends AsyncDisposable {
  readonly api: RunningApi;
  /** `host:port` of it. */
  readonly authority: string;
  readonly port: number;
  /** Makes a proxy to `baseUrl`, and waits until the process knows it. */
  proxy(name: string, baseUrl: string, options?: ProxyOptions): Promise<void>;
  /** Everything that comes back for `text`, until the connection ends. */
  wire(text: string, millis?: number): Promise<string>;
  /** A connection of its own. */
  open(): Promise<Socket>;
  /** Ends when the process has taken in what was sent to it before, and has had time for it. */
  settled(proxy: string): Promise<void>;
  /** Resident memory of the process, in MiB. */
  memory(): Promise<number>;
}

/** What is asked for until the process knows a proxy. */
const KNOWN = "/known";

/** One process, and who manages it; both on a database of their own. */
export async function startGateway(
  environment: Environment = {},
): Promise<RunningGateway> {
  const place = await sharedDatabase();
  const address = { url: place.environment["DATABASE_URL"] ?? "" };
  const plane = await dataPlane({ address, worker: "off" });
  const api = await startApi({
    ...place.environment,
    UC_ADMIN_TOKEN: adminToken,
    ...environment,
  });
  const { port: portText, host: authority } = new URL(api.url);
  const port = Number(portText);
  const open = async () => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };
  return {
    api,
    authority,
    port,
    open,
    proxy: async (name, baseUrl, options = {}) => {
      const source = { base_url: baseUrl, ...options.source };
      await plane.proxy(name, { ...options, source });
      await until(
        async () => {
          const answer = await fetch(`${api.url}/gw/shop/${name}${KNOWN}`, {
            headers: { authorization: "Bearer nobody", "x-api-key": "nobody" },
            method: "HEAD",
          });
          return answer.status;
        },
        (status) => status !== 404 && status !== 503,
      );
    },
    wire: async (text, millis = 30_000) => {
      const socket = await open();
      const all = received(socket);
      socket.write(Buffer.from(text, "latin1"));
      const timer = setTimeout(() => socket.destroy(), millis);
      return all.finally(() => clearTimeout(timer));
    },
    settled: async (proxy) => {
      // Each goes to the upstream and back, behind what was there first.
      for (let times = 0; times < 5; times += 1) {
        await (await fetch(`${api.url}/gw/shop/${proxy}${KNOWN}`)).arrayBuffer();
      }
    },
    memory: async () => {
      const status = await Bun.file(`/proc/${api.pid}/status`).text();
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
    },
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await plane[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** All that comes over `socket` until it ends. */
export function received(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (piece) => (text += piece.toString("latin1")));
  return new Promise((resolve) => socket.once("close", () => resolve(text)));
}

/** The lines of a head that are called `name`, without it. */
export function linesOf(answer: string, name: string): readonly string[] {
  const [head = ""] = answer.split("\r\n\r\n", 1);
  return head
    .split("\r\n")
    .slice(1)
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

export const statusOf = (answer: string): number =>
  Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? Number.NaN);

export interface RawUpstream extends AsyncDisposable {
  readonly url: string;
  /** The head and what came with it of each request. */
  readonly requests: string[];
  readonly sockets: Socket[];
  /** From now on each request's head is answered so. */
  answer(answer: (socket: Socket, request: string) => void): void;
}

/**
 * An upstream that answers byte for byte. `answer` is called once for each connection, with
 * the head and what came with it.
 */
export async function rawUpstream(
  first: (socket: Socket, request: string) => void = (socket) =>
    socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
): Promise<RawUpstream> {
  let current = first;
  const requests: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let text = "";
    let isHeard = false;
    socket.on("error", () => undefined);
    socket.on("data", (piece) => {
      if (isHeard) return;
      text += piece.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      isHeard = true;
      if (text.split(" ", 2)[1] === KNOWN) {
        socket.end("HTTP/1.1 204 No Content\r\n\r\n");
        return;
      }
      requests.push(text);
      current(socket, text);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    sockets,
    answer: (answer) => {
      current = answer;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
