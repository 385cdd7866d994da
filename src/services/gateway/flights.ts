/**
 * Misses of one key that come together in this process, so that one asks the upstream.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type FillRoom, fillRoom } from "./shared-body.ts";

/** `Failed`: the upstream did, or could not be asked. */
export type Landing = "Landed" | "Failed";

/** The miss that asks. */
export interface Flight {
  /** How many wait for it. */
  readonly followers: () => number;
  /** To be called when what comes of it is stored, or will not be. Calling it twice does no harm. */
  readonly land: (outcome?: Landing) => void;
}

export type Boarding =
  | { readonly _tag: "Leads"; readonly flight: Flight }
  /** Settled when the leader has landed. */
  | { readonly _tag: "Follows"; readonly landed: Effect.Effect<Landing> };

export class Flights extends Context.Service<
  Flights,
  {
    /** Leads where nobody does under `name`, else follows. */
    readonly board: (name: string) => Boarding;
    /** `undefined` where nobody leads: what a HEAD brings is no use to others. */
    readonly follow: (name: string) => Boarding | undefined;
    readonly room: FillRoom;
  }
>()("uni-cache/services/Flights") {}

const ROOM_BYTES = 128 * 1024 * 1024;

export const layer = Layer.sync(Flights, () => {
  const flying = new Map<string, { readonly waiting: Set<(outcome: Landing) => void> }>();

  const lead = (name: string): Flight => {
    const one = { waiting: new Set<(outcome: Landing) => void>() };
    flying.set(name, one);
    return {
      followers: () => one.waiting.size,
      land: (outcome = "Landed") => {
        if (flying.get(name) === one) flying.delete(name);
        for (const wake of one.waiting) wake(outcome);
        one.waiting.clear();
      },
    };
  };

  const follow = (name: string): Boarding | undefined => {
    const one = flying.get(name);
    if (one === undefined) return undefined;
    const landed = Effect.callback<Landing>((resume) => {
      if (flying.get(name) !== one) return resume(Effect.succeed("Landed"));
      const wake = (outcome: Landing) => resume(Effect.succeed(outcome));
      one.waiting.add(wake);
      return Effect.sync(() => one.waiting.delete(wake));
    });
    return { _tag: "Follows", landed };
  };

  return Flights.of({
    room: fillRoom(ROOM_BYTES),
    board: (name) => follow(name) ?? { _tag: "Leads", flight: lead(name) },
    follow,
  });
});
