/**
 * Sockets kept for the next call to the same origin.
 *
 * @module
 */
import type { Socket } from "node:net";
import { KeptSocket } from "./kept-socket.ts";

const MAX_IDLE_PER_ORIGIN = 64;

export class ConnectionPool {
  readonly #idle = new Map<string, KeptSocket[]>();
  #isClosed = false;

  /** The socket used last, which the upstream is least likely to be closing. */
  take(key: string): KeptSocket | undefined {
    const sockets = this.#idle.get(key) ?? [];
    for (let kept = sockets.pop(); kept !== undefined; kept = sockets.pop()) {
      if (sockets.length === 0) this.#idle.delete(key);
      if (kept.isOpen) {
        kept.hold();
        return kept;
      }
      kept.destroy();
    }
    return undefined;
  }

  /** Takes in a socket that was just opened, into the hand of the caller. */
  admit(key: string, socket: Socket): KeptSocket {
    const kept = new KeptSocket(key, socket, (freed) =>
      this.put(freed, freed.keepMillis),
    );
    socket.once("close", () => this.#forget(kept));
    kept.hold();
    return kept;
  }

  put(kept: KeptSocket, millis: number): void {
    if (this.#isClosed || !kept.isOpen) return kept.destroy();
    const sockets = this.#idle.get(kept.key) ?? [];
    this.#idle.set(kept.key, sockets);
    sockets.push(kept);
    kept.rest(millis);
    if (sockets.length > MAX_IDLE_PER_ORIGIN) sockets.shift()?.destroy();
  }

  /** Closes what is idle, and from then on whatever comes back. */
  close(): void {
    this.#isClosed = true;
    for (const kept of [...this.#idle.values()].flat()) kept.destroy();
    this.#idle.clear();
  }

  #forget(kept: KeptSocket): void {
    const sockets = this.#idle.get(kept.key) ?? [];
    const left = sockets.filter((other) => other !== kept);
    if (left.length > 0) this.#idle.set(kept.key, left);
    else this.#idle.delete(kept.key);
  }
}
