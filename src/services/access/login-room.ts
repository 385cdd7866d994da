/**
 * Room for those whose passwords this process checks.
 *
 * Checking is slow on purpose, so few are let in: some seconds' worth of them, and of one
 * site so few that it never keeps others out.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { siteOf } from "../../domain/access/network.ts";
import type { IpAddress } from "../../domain/source/ip-address.ts";
import { TooManyLogins } from "./errors.ts";

export class LoginRoom extends Context.Service<
  LoginRoom,
  {
    /** Does `work` for a client at `address`, or fails at once where there is no room. */
    readonly within: <A, E, R>(
      address: IpAddress | undefined,
      work: Effect.Effect<A, E, R>,
    ) => Effect.Effect<A, E | TooManyLogins, R>;
  }
>()("uni-cache/services/LoginRoom") {}

const MOST_OF_ALL = 34;
const MOST_OF_ONE = 6;
const RETRY_AFTER_SECONDS = 10;

export const layer = Layer.sync(LoginRoom, () => {
  /** How many are inside, by site. */
  const inside = new Map<string, number>();
  let all = 0;

  const enter = (site: string) => {
    const own = inside.get(site) ?? 0;
    if (all >= MOST_OF_ALL || own >= MOST_OF_ONE) return false;
    all++;
    inside.set(site, own + 1);
    return true;
  };
  const leave = (site: string) => {
    const own = inside.get(site) ?? 0;
    all--;
    if (own > 1) inside.set(site, own - 1);
    else inside.delete(site);
  };

  return LoginRoom.of({
    within: (address, work) => {
      const site = address === undefined ? "unknown" : siteOf(address);
      const refused = new TooManyLogins({ retryAfterSeconds: RETRY_AFTER_SECONDS });
      return Effect.acquireUseRelease(
        Effect.suspend(() => (enter(site) ? Effect.void : Effect.fail(refused))),
        () => work,
        () => Effect.sync(() => leave(site)),
      );
    },
  });
});
