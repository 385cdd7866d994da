/**
 * Opens a socket to an upstream that is ready for the first byte of a request.
 *
 * The socket goes to a checked address; name for TLS (SNI) and certificate stays the host.
 *
 * @module
 */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Cidr } from "../../domain/source/ip-address.ts";
import type { UpstreamOrigin } from "../../domain/source/origin.ts";
import { UpstreamUnreachable } from "../../services/refresh/upstream-errors.ts";
import { admittedAddresses } from "./address-guard.ts";

export interface DialOptions {
  readonly allowed: readonly Cidr[];
  /** PEM certificates to trust instead of the runtime's own. */
  readonly certificateAuthorities?: readonly string[] | undefined;
}

/** How long one address is tried while others are left. */
const ATTEMPT_MILLIS = 2_000;

/** Rejects with `UpstreamUnreachable`; `signal` ends the wait and leaves no socket behind. */
export async function dial(
  origin: UpstreamOrigin,
  options: DialOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const addresses = await untilAborted(
    admittedAddresses(origin.host, options.allowed),
    signal,
  );
  let failure: unknown;
  for (const [index, address] of addresses.entries()) {
    const isLast = index === addresses.length - 1;
    const attempt = new AbortController();
    const timer = isLast
      ? undefined
      : setTimeout(() => attempt.abort(timedOut(origin)), ATTEMPT_MILLIS);
    try {
      return await open(
        origin,
        address,
        options,
        AbortSignal.any([signal, attempt.signal]),
      );
    } catch (cause) {
      failure = cause;
      if (signal.aborted) break;
    } finally {
      clearTimeout(timer);
    }
  }
  throw failure;
}

export function timedOut({ host }: UpstreamOrigin): UpstreamUnreachable {
  return new UpstreamUnreachable({
    reason: "timeout",
    detail: `"${host}" took too long`,
  });
}

function open(
  origin: UpstreamOrigin,
  address: string,
  options: DialOptions,
  signal: AbortSignal,
): Promise<Socket> {
  const { scheme, port } = origin;
  const socket =
    scheme === "http"
      ? connect({ host: address, port })
      : connectTls({
          host: address,
          port,
          ALPNProtocols: ["http/1.1"],
          ...serverName(origin.host),
          ...(options.certificateAuthorities === undefined
            ? {}
            : { ca: [...options.certificateAuthorities] }),
        });
  socket.setNoDelay(true);
  // The last word of a socket that nobody waits for any more must not end the process.
  socket.on("error", () => undefined);

  const ready = new Promise<Socket>((resolve, reject) => {
    socket.once(scheme === "http" ? "connect" : "secureConnect", () => resolve(socket));
    socket.once("error", (cause) => reject(unreachable(origin, cause)));
    socket.once("close", () => reject(unreachable(origin, undefined)));
  });
  return untilAborted(ready, signal).catch((cause) => {
    socket.destroy();
    throw cause;
  });
}

/** An address has no name to send; then the certificate must hold the address itself. */
function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host.replace(/\.$/, "") } : {};
}

function unreachable({ scheme, host, port }: UpstreamOrigin, cause: unknown) {
  const { code = "CLOSED", syscall } = (cause ?? {}) as NodeJS.ErrnoException;
  const isTls = scheme === "https" && syscall !== "connect" && !noRoute.test(code);
  return new UpstreamUnreachable({
    reason: isTls ? "tls" : "connect",
    detail: `"${host}" port ${port}: ${code}`,
  });
}

const noRoute = /^E(?:CONNREFUSED|HOSTUNREACH|NETUNREACH|TIMEDOUT|ADDRNOTAVAIL)$/;

function untilAborted<A>(work: Promise<A>, signal: AbortSignal): Promise<A> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
