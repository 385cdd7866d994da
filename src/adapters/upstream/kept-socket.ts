/**
 * One socket to an upstream from its opening to its end: waiting, in an exchange, gone.
 *
 * `node:http` frees a socket for the next request only under an agent, so each socket is
 * its own agent. While no exchange runs, anything the upstream says or any end of it makes
 * the socket useless: it is destroyed at once and so never handed out.
 *
 * @module
 */
import { Agent } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** How long a socket is kept, and how long one in hand may be left unused. */
export const IDLE_MILLIS = 4_000;
const IN_HAND_MILLIS = 30_000;

/** The upstream may close a little before its announced time is over. */
const HINT_MARGIN_MILLIS = 500;

export class KeptSocket extends Agent {
  readonly socket: Socket;
  /** The key of its origin. */
  readonly key: string;
  /** Whether an exchange went over it. */
  reused = false;
  /** How long to keep it after the running exchange; 0 closes it. Set by the exchange. */
  keepMillis = 0;
  /** Resolves when the running exchange has let go of the socket, kept or closed. */
  settled: Promise<void> = Promise.resolve();

  readonly #onFree: (freed: KeptSocket) => void;
  #settle = (): void => undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(key: string, socket: Socket, onFree: (freed: KeptSocket) => void) {
    super({ keepAlive: true, maxSockets: 1 });
    this.key = key;
    this.socket = socket;
    this.#onFree = onFree;
    socket.once("close", () => {
      this.#unwatch();
      this.#settle();
    });
  }

  get isOpen(): boolean {
    const { destroyed, readable, writable, readableLength } = this.socket;
    return !destroyed && readable && writable && readableLength === 0;
  }

  /** Waits in the pool, without keeping the process alive. */
  rest(millis: number): void {
    this.socket.unref();
    this.#watch(millis);
  }

  /** Waits in the hand of a caller. */
  hold(): void {
    this.socket.ref();
    this.#watch(IN_HAND_MILLIS);
  }

  begin(): void {
    this.#unwatch();
    this.keepMillis = 0;
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  override destroy(): void {
    this.socket.destroy();
    super.destroy();
  }

  override createConnection(): Socket {
    return this.socket;
  }

  override keepSocketAlive(socket: Duplex): boolean {
    const kept: unknown = super.keepSocketAlive(socket);
    if (kept === false || this.keepMillis <= 0 || !this.isOpen) return false;
    this.reused = true;
    // The agent is still busy with the socket in this turn.
    queueMicrotask(() => {
      this.#onFree(this);
      this.#settle();
    });
    return true;
  }

  readonly #spoil = (): void => this.destroy();

  #watch(millis: number): void {
    this.#unwatch();
    this.socket.on("data", this.#spoil).on("end", this.#spoil);
    this.#timer = setTimeout(this.#spoil, millis).unref();
  }

  #unwatch(): void {
    clearTimeout(this.#timer);
    this.socket.off("data", this.#spoil).off("end", this.#spoil);
  }
}

/** How long to keep a socket whose upstream sent this `Keep-Alive` value. */
export function keepMillisFrom(keepAlive: string | undefined): number {
  const seconds = /(?:^|[\s,;])timeout\s*=\s*"?(\d+)/i.exec(keepAlive ?? "")?.[1];
  if (seconds === undefined) return IDLE_MILLIS;
  return Math.min(IDLE_MILLIS, Number(seconds) * 1_000 - HINT_MARGIN_MILLIS);
}
