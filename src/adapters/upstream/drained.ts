/**
 * Waits until a stream takes more, or never will again.
 *
 * @module
 */
import type { EventEmitter } from "node:events";

export function drained(stream: EventEmitter & { readonly destroyed: boolean }) {
  return new Promise<void>((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.on("drain", done).on("close", done);
    if (stream.destroyed) done();
  });
}
