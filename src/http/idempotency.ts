/**
 * `Idempotency-Key`: sending a request again gives its first answer again.
 *
 * A route has it by `idempotent` in its declaration. The body of the answer is the first
 * one byte for byte, so a `request_id` in it is the first one's; the headers of this
 * exchange are its own. An answer that holds an entry is the exception: see `holdsEntry`.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Answer } from "../domain/idempotency/kept-answer.ts";
import { callerName } from "../domain/access/caller.ts";
import { requestFingerprint } from "../domain/idempotency/request-fingerprint.ts";
import { answerOnce } from "../services/idempotency/answer-once.ts";
import { type CallerEnv, callerOf } from "./authorize.ts";
import { REPLAYED } from "./idempotency-schema.ts";
import { failure } from "./faces.ts";
import { rawTarget } from "./raw-path.ts";
import type { Run } from "./run.ts";

/**
 * Answers 422 for a key that is none or was given to another request, 409 while the first
 * request runs, and the first answer again once there is one. To be put behind whatever
 * reads the body.
 */
export const answeredOnce = (run: Run, entryAgain?: EntryAgain) =>
  createMiddleware<CallerEnv & RepeatEnv>(async (c, next) => {
    const key = c.req.header("idempotency-key");
    if (key === undefined) return next();
    const fingerprint = requestFingerprint({
      method: c.req.method,
      target: rawTarget(c),
      body: new Uint8Array(await c.req.arrayBuffer()),
    });
    c.set("clientSignal", c.req.raw.signal);
    carryThrough(c);
    const work = Effect.promise(async () => {
      await next();
      return answerIn(c.res, c.get("holdsEntry") === true);
    });

    const once = await run(
      answerOnce({ caller: callerName(callerOf(c)), key }, fingerprint, work),
    );

    if (Result.isFailure(once)) return failure(c, once.failure);
    const { replayed, answer } = once.success;
    if (!replayed) return undefined;
    if (entryAgain === undefined || answer.body.length > 0) return replay(c, answer);
    const again = await entryAgain(c);
    if (again === undefined) return next();
    again.headers.set(REPLAYED, "true");
    return again;
  });

/** Answers with the entry that a request is about, as it is now; `undefined`: there is none. */
export type EntryAgain = (c: Context) => Promise<Response | undefined>;

/**
 * Says that the answer holds an entry, of which no copy is kept: what is cleared must not
 * come back with a repeat. The repeat is given by the route's `EntryAgain`.
 */
export function holdsEntry(c: Context): void {
  c.set("holdsEntry", true);
}

interface RepeatEnv {
  readonly Variables: {
    readonly clientSignal?: AbortSignal;
    readonly holdsEntry?: boolean;
  };
}

/** Ends when the client hangs up, though its request be carried through. */
export const hungUp = (c: Context): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const signal: AbortSignal = c.get("clientSignal") ?? c.req.raw.signal;
    const end = () => resume(Effect.void);
    if (signal.aborted) return end();
    signal.addEventListener("abort", end, { once: true });
    return Effect.sync(() => signal.removeEventListener("abort", end));
  });

/** The client may hang up: what it asked for goes on, to have its answer when it asks again. */
function carryThrough(c: Context): void {
  const { url, method, headers } = c.req.raw;
  c.req.raw = new Request(url, { method, headers });
}

async function answerIn(response: Response, isReference: boolean): Promise<Answer> {
  const { status } = response;
  const body = isReference ? new ArrayBuffer(0) : await response.clone().arrayBuffer();
  return { status, headers: [...response.headers], body: new Uint8Array(body) };
}

function replay(c: Context, { status, headers, body }: Answer): Response {
  for (const [name, value] of headers) c.header(name, value);
  c.header(REPLAYED, "true");
  const bytes = body.length === 0 ? null : (body as Uint8Array<ArrayBuffer>);
  return c.newResponse(bytes, status as 200);
}
