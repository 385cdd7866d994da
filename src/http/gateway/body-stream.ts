/**
 * A body as the runtime's server takes it: no faster than the client does.
 *
 * @module
 */

import type { BodyStream } from "../../services/gateway/gateway-request.ts";

/** What fails on the way breaks the connection off; a client that goes away ends the body. */
export function streamOf({ pieces, discard }: BodyStream): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { value, done } = await iterator.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(error);
        }
      },
      cancel: discard,
    },
    { highWaterMark: 0 },
  );
}
