/**
 * The way to a database, which a test can cut and mend.
 *
 * @module
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestDatabase } from "./postgres.ts";

export interface Cuttable extends AsyncDisposable {
  /** The database, by way of this. */
  readonly url: string;
  /** Breaks off what is open; what is new is refused. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** A way to `database`, not cut. */
export async function cuttable({ url, options }: TestDatabase): Promise<Cuttable> {
  const { host, port, path } = options;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = path === undefined ? connect(port, host) : connect(path);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  const listen = async (at: number) => {
    server.listen(at, "127.0.0.1");
    await once(server, "listening");
    // Safe because the server listens on an address and not on a pipe.
    return (server.address() as AddressInfo).port;
  };
  const cut = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const nearPort = await listen(0);
  const near = new URL(url);
  near.host = `127.0.0.1:${nearPort}`;
  near.searchParams.delete("host");
  return {
    url: near.href,
    cut,
    mend: async () => void (await listen(nearPort)),
    [Symbol.asyncDispose]: cut,
  };
}
