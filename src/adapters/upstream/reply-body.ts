/**
 * The body of a reply as it comes, no faster than it is read.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { UpstreamReply, UpstreamRequest } from "../../services/refresh/upstream.ts";
import { UpstreamBroken } from "../../services/refresh/upstream-errors.ts";
import type { KeptSocket } from "./kept-socket.ts";

/** How long a reply may lie before its first piece is asked for. */
const ABANDONED_MILLIS = 30_000;

type Limits = Pick<UpstreamRequest, "bodyTimeoutMillis" | "bodyIdleMillis">;

export const noBody: AsyncIterable<Uint8Array> = (async function* () {})();

export function replyBody(
  kept: KeptSocket,
  incoming: IncomingMessage,
  limits: Limits,
): Pick<UpstreamReply, "body" | "discard"> {
  let isOver = false;
  let isLate = false;

  const stop = () => {
    clearTimeout(abandoned);
    clearTimeout(total);
    isOver = true;
  };
  const discard = () => {
    if (isOver) return;
    stop();
    kept.destroy();
    incoming.destroy();
  };
  const expire = () => {
    isLate = true;
    discard();
  };
  const abandoned = setTimeout(expire, ABANDONED_MILLIS).unref();
  const total = timerOf(limits.bodyTimeoutMillis, expire);

  async function* read(): AsyncGenerator<Uint8Array> {
    clearTimeout(abandoned);
    const pieces: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]();
    try {
      for (;;) {
        const idle = timerOf(limits.bodyIdleMillis, expire);
        const next = await pieces.next().finally(() => clearTimeout(idle));
        if (next.done === true) break;
        yield next.value;
      }
      if (!incoming.complete) throw new Error("Not complete");
      stop();
      // Whoever calls again at once finds the connection back in its place.
      await kept.settled;
    } catch {
      throw new UpstreamBroken(
        isLate
          ? { reason: "timeout", detail: "The body did not come in time" }
          : { reason: "body", detail: "The body is not whole" },
      );
    } finally {
      discard();
    }
  }
  return { body: read(), discard };
}

function timerOf(millis: number | undefined, expire: () => void) {
  return millis === undefined ? undefined : setTimeout(expire, Math.max(0, millis));
}
