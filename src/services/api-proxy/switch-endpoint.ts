/**
 * Switches an endpoint of an API proxy on or off.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { changeEndpoint } from "./change-endpoint.ts";
import type { EndpointName } from "./endpoint-store.ts";
import type { ProxyName } from "./proxy-store.ts";

/** Its name stays, so there can be no other of it. */
export const switchEndpoint = (of: ProxyName, name: EndpointName, active: boolean) =>
  changeEndpoint(of, name, { active }).pipe(
    Effect.catchTag("EndpointExists", (impossible) => Effect.die(impossible)),
  );
