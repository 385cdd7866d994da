/**
 * Says for whom a route changes something, so that the audit trail knows it.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { Context } from "hono";
import { callerName } from "../domain/access/caller.ts";
import { type Acting, Actor } from "../services/audit/actor.ts";
import type { CallerEnv } from "./authorize.ts";
import { clientAddress } from "./client-address.ts";

/** `effect`, which records what it does, done for the caller of `c`. */
export function onBehalfOf<A, E, R>(
  c: Context,
  effect: Effect.Effect<A, E, R>,
): Effect.Effect<A, E, Exclude<R, Actor>> {
  return Effect.provideService(effect, Actor, actingIn(c));
}

function actingIn(c: Context<CallerEnv>): Acting {
  const caller = c.get("caller");
  const requestId: string | undefined = c.get("requestId" as never);
  const address = clientAddress(c);
  return caller === undefined
    ? { actor: "nobody", actorName: "nobody", address, requestId }
    : { actor: callerName(caller), actorName: caller.name, address, requestId };
}
