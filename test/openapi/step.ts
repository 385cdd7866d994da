/**
 * One step of what a client does, in order. Every request of it is valid by the document,
 * so that it may also go through a proxy that refuses those that are not.
 *
 * @module
 */
import type { CountingUpstream } from "../support/counting-upstream.ts";
import type { Client } from "./client.ts";

/** What the steps share. The source of `sourceId` is made by the first and deleted by the last. */
export interface Stage {
  readonly client: Client;
  readonly upstream: CountingUpstream;
  readonly sourceId: string;
}

export interface Step {
  readonly title: string;
  readonly run: (stage: Stage) => Promise<void>;
}

/** Any key of the stage's source. */
export const keyOf = (name: string) => `/items/${name}`;
