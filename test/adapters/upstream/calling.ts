/**
 * Runs programs that call loopback servers.
 *
 * @module
 */
import { Effect } from "effect";
import {
  layer,
  type UpstreamOptions,
} from "../../../src/adapters/upstream/http-exchange.ts";
import type { UpstreamOrigin } from "../../../src/domain/source/origin.ts";
import {
  Upstream,
  type UpstreamReply,
  type UpstreamRequest,
} from "../../../src/services/refresh/upstream.ts";

export const loopback: UpstreamOptions = { allowCidrs: ["127.0.0.0/8", "::1/128"] };

export function run<A, E>(
  program: Effect.Effect<A, E, Upstream>,
  options: UpstreamOptions = loopback,
): Promise<A> {
  return Effect.runPromise(program.pipe(Effect.provide(layer(options))));
}

/** So long that only what hangs is late for it. */
export const PATIENT_MILLIS = 30_000;

/** Connects and sends; what `request` leaves out is a plain GET. */
export const call = Effect.fnUntraced(function* (
  origin: UpstreamOrigin,
  request: Partial<UpstreamRequest> = {},
) {
  const upstream = yield* Upstream;
  const connection = yield* upstream.connect(origin, PATIENT_MILLIS);
  return yield* connection.send({
    method: "GET",
    target: "/",
    headers: [],
    headTimeoutMillis: PATIENT_MILLIS,
    ...request,
  });
});

export const textOf = (reply: UpstreamReply) =>
  Effect.tryPromise({
    try: async () => {
      let text = "";
      for await (const piece of reply.body) text += new TextDecoder().decode(piece);
      return text;
    },
    catch: (cause) => cause,
  });

/** Calls and reads the whole answer. */
export const callText = Effect.fnUntraced(function* (
  origin: UpstreamOrigin,
  request: Partial<UpstreamRequest> = {},
) {
  return yield* textOf(yield* call(origin, request));
});

/** An answer with its length. */
export const ok = (body: string, ...lines: readonly string[]) =>
  ["HTTP/1.1 200 OK", `Content-Length: ${body.length}`, ...lines, "", body].join("\r\n");
