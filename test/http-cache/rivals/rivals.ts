/**
 * Those that we compare ourselves with.
 *
 * @module
 */
import { nginx } from "./nginx.ts";
import type { Rival } from "./rival.ts";
import { squid } from "./squid.ts";
import { trafficServer } from "./traffic-server.ts";
import { varnish } from "./varnish.ts";

export const rivals: readonly Rival[] = [trafficServer, squid, varnish, nginx];
