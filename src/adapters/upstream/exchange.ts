/**
 * One request and its reply over a socket that is ready.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type ClientRequest, type IncomingMessage, request as open } from "node:http";
import { headerValue, type HeaderList } from "../../domain/entry/entry.ts";
import type { UpstreamOrigin } from "../../domain/source/origin.ts";
import type { UpstreamReply, UpstreamRequest } from "../../services/refresh/upstream.ts";
import { UpstreamBroken } from "../../services/refresh/upstream-errors.ts";
import { type KeptSocket, keepMillisFrom } from "./kept-socket.ts";
import { noBody, replyBody } from "./reply-body.ts";
import { announcedLength, headerLines } from "./request-framing.ts";
import { sendStream } from "./request-body.ts";

/** Answers before the final one; more than a patient upstream would ever send. */
const MAX_INFORMATIONAL = 100;

export function exchange(
  kept: KeptSocket,
  origin: UpstreamOrigin,
  request: UpstreamRequest,
): Effect.Effect<UpstreamReply, UpstreamBroken> {
  return Effect.callback((resume) => {
    const { headTimeoutMillis, body } = request;
    let timer: NodeJS.Timeout | undefined;
    let informational = 0;
    let hasHead = false;
    let isOver = false;

    const end = (result: Effect.Effect<UpstreamReply, UpstreamBroken>) => {
      isOver = true;
      clearTimeout(timer);
      resume(result);
    };
    const fail = (reason: UpstreamBroken["reason"], detail: string) => {
      if (isOver) return;
      kept.destroy();
      end(Effect.fail(new UpstreamBroken({ reason, detail })));
    };
    const patience = {
      start: () => {
        clearTimeout(timer);
        if (isOver) return;
        timer = setTimeout(
          () => fail("timeout", "No answer in time"),
          Math.max(0, headTimeoutMillis),
        );
      },
      stop: () => clearTimeout(timer),
    };

    kept.begin();
    if (!kept.isOpen)
      return fail("reset", "The connection was closed before the request");
    const outgoing = openRequest(kept, origin, request);
    if (outgoing === undefined) return fail("protocol", "The request is not valid HTTP");

    outgoing.on("information", ({ statusCode, rawHeaders }) => {
      informational += 1;
      if (informational > MAX_INFORMATIONAL) fail("protocol", "Too many 1xx answers");
      if (!isOver) request.onInformational?.(statusCode, pairs(rawHeaders));
    });
    outgoing.once("response", (incoming) => {
      if (!/^1\.[01]$/.test(incoming.httpVersion)) {
        return fail("protocol", "The answer is of another version of HTTP");
      }
      hasHead = true;
      patience.stop();
      void replyFrom(kept, outgoing, incoming, request).then((reply) =>
        isOver ? reply.discard() : end(Effect.succeed(reply)),
      );
    });
    outgoing.once("upgrade", () => fail("protocol", "An answer 101 was not asked for"));
    outgoing.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      // After the head it is the body that shows whether it is whole.
      if (hasHead) return;
      if (code.startsWith("HPE_")) fail("protocol", `The answer is not HTTP: ${code}`);
      else fail("reset", `The connection broke: ${code}`);
    });
    outgoing.once("close", () => {
      if (!hasHead) fail("reset", "The connection was closed");
    });

    patience.start();
    if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
    else {
      sendStream(outgoing, body, announcedLength(request), patience).catch(() => {
        fail("body", "The body of the request is not whole");
        kept.destroy();
      });
    }
    return Effect.sync(() => {
      isOver = true;
      clearTimeout(timer);
      kept.destroy();
    });
  });
}

function openRequest(
  kept: KeptSocket,
  origin: UpstreamOrigin,
  request: UpstreamRequest,
): ClientRequest | undefined {
  try {
    const outgoing = open({
      agent: kept,
      host: origin.host,
      port: origin.port,
      method: request.method,
      path: request.target,
      headers: headerLines(origin, request),
      setHost: false,
      insecureHTTPParser: false,
    });
    // The head is limited in bytes; a limit in lines would drop lines without a word.
    outgoing.maxHeadersCount = 0;
    return outgoing;
  } catch {
    return undefined;
  }
}

async function replyFrom(
  kept: KeptSocket,
  outgoing: ClientRequest,
  incoming: IncomingMessage,
  request: UpstreamRequest,
): Promise<UpstreamReply> {
  const rawHeaders = pairs(incoming.rawHeaders);
  const status = incoming.statusCode ?? 0;
  const reply = { status, rawHeaders };

  incoming.on("error", () => undefined);
  incoming.once("end", () => {
    // What the upstream has not taken of the request would stand before the next one.
    if (!outgoing.writableEnded) kept.destroy();
    else if (mayKeep(incoming, rawHeaders)) {
      kept.keepMillis = keepMillisFrom(headerValue(rawHeaders, "keep-alive"));
    }
  });

  if (hasNoBody(request.method, status, rawHeaders)) {
    incoming.resume();
    await kept.settled;
    return { ...reply, body: noBody, discard: () => undefined };
  }
  return { ...reply, ...replyBody(kept, incoming, request) };
}

function hasNoBody(method: string, status: number, headers: HeaderList): boolean {
  return (
    method === "HEAD" ||
    status === 204 ||
    status === 304 ||
    headerValue(headers, "content-length") === "0"
  );
}

function mayKeep(incoming: IncomingMessage, headers: HeaderList): boolean {
  const closes = /(?:^|[\s,])close(?:$|[\s,])/i;
  return (
    incoming.complete &&
    incoming.httpVersion === "1.1" &&
    !closes.test(headerValue(headers, "connection") ?? "")
  );
}

function pairs(raw: readonly string[]): HeaderList {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [[name, raw[index + 1] ?? ""] as const] : [],
  );
}
