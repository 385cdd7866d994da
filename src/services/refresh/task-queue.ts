/**
 * The refreshes that wait and run, of the whole cluster.
 *
 * At most one unfinished task exists per key. Within a source the better priority comes
 * first, then who came first.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import type * as Effect from "effect/Effect";
import type { EntryId, HeaderList } from "../../domain/entry/entry.ts";
import type { Priority, Task, TaskError, TaskState } from "../../domain/refresh/task.ts";
import type { Source } from "../../domain/source/source.ts";
import type { StoreUnavailable } from "../errors.ts";

export interface Enqueued {
  readonly taskId: string;
  readonly state: "queued" | "running";
  /** `false`: an unfinished task of the key was there already. */
  readonly made: boolean;
}

/** A task that this process runs, as long as it keeps its lease. */
export interface Claimed extends EntryId {
  readonly taskId: string;
  readonly sourceId: string;
  readonly priority: Priority;
  /** Changes logged up to here are known to the exchange; later ones may outdate it. */
  readonly sinceSeq: number;
  /** What is stored, to be asked about: its status, our tag, the upstream's headers. */
  readonly stored:
    | { readonly status: number; readonly etag: string; readonly headers: HeaderList }
    | undefined;
}

export interface EnqueueOptions {
  readonly priority: Priority;
  /** Whether callers learn the ids, and may ask about them later. */
  readonly told: boolean;
  /** Asked for by name: the keys' back-off after a failure ends. */
  readonly explicit?: boolean;
}

/** What a claim took, and what an entry had made needless: that ended with the claim. */
export interface Claims {
  readonly claimed: readonly Claimed[];
  readonly needless: readonly EntryId[];
  /**
   * Given where the source is not as the claimer knows it, and so nothing was claimed: who
   * has applied the change log up to this number knows it as it is.
   */
  readonly changedBy: number | undefined;
  /** So many fewer tasks were claimed than might be: the calls are waited for. */
  readonly awaited: number;
}

/** How the claim of one key went. */
export type KeyClaim =
  | { readonly _tag: "Claimed"; readonly claimed: Claimed }
  /** It is running already, or an entry has made it needless. */
  | { readonly _tag: "Busy" }
  /** As `changedBy` of `Claims`. */
  | { readonly _tag: "Changed"; readonly seq: number };

/** As many refreshes of the source wait as may; nothing was queued. */
export class QueueHasNoRoom extends Data.TaggedError("QueueHasNoRoom")<{
  readonly sourceId: string;
}> {
  override get message() {
    return `Cannot queue a refresh of source "${this.sourceId}": its queue is full`;
  }
}

/** A key to refresh. */
export interface Wanted extends EntryId {
  /**
   * When the entry that the caller saw was answered, 0 where there was none: one that is
   * newer by the time of the claim makes the call needless. `undefined`: call in any case.
   */
  readonly newerThan?: number | undefined;
}

/** Which tasks a list shows: all where nothing is said. */
export interface TaskFilter {
  readonly state?: TaskState | undefined;
  readonly sourceIds?: readonly string[] | undefined;
  /** Older than the task of this id. */
  readonly before?: string | undefined;
}

export class TaskQueue extends Context.Service<
  TaskQueue,
  {
    /**
     * Queues a refresh of each of `wanted`, all or none; those with an unfinished task are
     * promoted to the better priority. In the order given; keys must differ.
     */
    readonly enqueue: (
      source: Source,
      wanted: readonly Wanted[],
      options: EnqueueOptions,
    ) => Effect.Effect<readonly Enqueued[], QueueHasNoRoom | StoreUnavailable>;
    /**
     * As `enqueue`, but of too many those that stand first; `undefined` for each of the
     * others. Who has an unfinished task needs no room.
     */
    readonly enqueueFitting: (
      source: Source,
      wanted: readonly Wanted[],
      options: EnqueueOptions,
    ) => Effect.Effect<readonly (Enqueued | undefined)[], StoreUnavailable>;
    /** Claims up to `limit` queued tasks of a source, none worse than `worst`, first in line first. */
    readonly claim: (
      source: Source,
      limit: number,
      worst: Priority,
    ) => Effect.Effect<Claims, StoreUnavailable>;
    /** Claims the refresh of one key, queued or not. */
    readonly claimKey: (
      source: Source,
      wanted: Wanted,
      priority: Priority,
    ) => Effect.Effect<KeyClaim, StoreUnavailable>;
    /** Keeps the leases of this process's running tasks. */
    readonly renewLeases: (
      taskIds: readonly string[],
    ) => Effect.Effect<void, StoreUnavailable>;
    /**
     * Ends a running task of this process. A failure makes readers leave the key alone for
     * a while; a success forgets earlier failures. `false`: the lease was lost.
     */
    readonly end: (
      claimed: Claimed,
      error: TaskError | undefined,
    ) => Effect.Effect<boolean, StoreUnavailable>;
    /** Puts running tasks of this process back where they were in the queue. */
    readonly putBack: (
      taskIds: readonly string[],
    ) => Effect.Effect<void, StoreUnavailable>;
    /** Queues again what workers left that are no more. Gives how many. */
    readonly reclaim: Effect.Effect<number, StoreUnavailable>;
    /** Puts the queued tasks of these keys before all that nobody waits for. */
    readonly promote: (ids: readonly EntryId[]) => Effect.Effect<void, StoreUnavailable>;
    /** Nobody waits for the refreshes of these keys any more: they take their turn with the others. */
    readonly demote: (ids: readonly EntryId[]) => Effect.Effect<void, StoreUnavailable>;
    /** How many queued tasks of other keys are not worse than `worst`, counted up to `most`. */
    readonly queuedBesides: (
      source: Source,
      id: EntryId,
      most: number,
      worst: Priority,
    ) => Effect.Effect<number, StoreUnavailable>;
    /** How many tasks are queued in each of these spaces that has any. */
    readonly queueLengths: (
      spaces: readonly string[],
    ) => Effect.Effect<ReadonlyMap<string, number>, StoreUnavailable>;
    /** Ends every queued task of a source as cancelled. */
    readonly cancelAll: (sourceId: string) => Effect.Effect<void, StoreUnavailable>;
    /** Ends a queued task as cancelled. `false`: it is not queued any more. */
    readonly cancel: (taskId: string) => Effect.Effect<boolean, StoreUnavailable>;
    /** Ids of the sources that have queued tasks which are not worse than `worst`. */
    readonly sourcesWithWork: (
      worst: Priority,
    ) => Effect.Effect<readonly string[], StoreUnavailable>;
    /** How many tasks of a source are queued that are not worse than `worst`, counted up to `most`. */
    readonly queuedUpTo: (
      source: Source,
      most: number,
      worst?: Priority,
    ) => Effect.Effect<number, StoreUnavailable>;
    /** How many queued tasks stand before this one, counted up to `most`. */
    readonly placeOf: (
      taskId: string,
      most: number,
    ) => Effect.Effect<number, StoreUnavailable>;
    readonly find: (taskId: string) => Effect.Effect<Task | undefined, StoreUnavailable>;
    /** Up to `limit` tasks, newest first. */
    readonly list: (
      filter: TaskFilter,
      limit: number,
    ) => Effect.Effect<readonly Task[], StoreUnavailable>;
    /** Calls `ring` when there may be new work, in whatever process it was queued. */
    readonly onWork: (ring: () => void) => Effect.Effect<void>;
  }
>()("uni-cache/services/TaskQueue") {}
