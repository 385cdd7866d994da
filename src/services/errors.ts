/**
 * The ways a Uni-Cache operation can fail on purpose.
 *
 * A failure the caller can act on is a class here and appears in the type of the
 * effect. Anything else is a defect: it is not caught, and HTTP answers 500.
 * Those about callers and about the gateway stand in files of their area; `ServiceError` names all.
 * `src/http/problem-rows.ts` holds the one table from these tags to HTTP answers.
 *
 * @module
 */
import * as Data from "effect/Data";
import type { AccessError } from "./access/errors.ts";
import type { ApiProxyError } from "./api-proxy/errors.ts";

/** One thing wrong with the input; `field` is a path such as `rate_limit.burst`. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
}

/** The database could not be reached; the same call may succeed later. */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{
  readonly operation: string;
  readonly cause: unknown;
}> {
  override get message() {
    return `Cannot reach the store during ${this.operation}`;
  }
}

/** The request could not be understood at all. */
export class Malformed extends Data.TaggedError("Malformed")<{
  readonly field: string;
  readonly reason: string;
}> {
  override get message() {
    return `Cannot read ${this.field}: ${this.reason}`;
  }
}

/** The request is well-formed and not valid. */
export class Invalid extends Data.TaggedError("Invalid")<{
  readonly problems: readonly FieldProblem[];
}> {
  override get message() {
    return this.problems.map(({ field, message }) => `${field}: ${message}`).join("; ");
  }
}

export class SourceNotFound extends Data.TaggedError("SourceNotFound")<{
  readonly sourceId: string;
}> {
  override get message() {
    return `Cannot find source "${this.sourceId}"`;
  }
}

export class SourceExists extends Data.TaggedError("SourceExists")<{
  readonly sourceId: string;
}> {
  override get message() {
    return `Cannot create source "${this.sourceId}": the id is taken`;
  }
}

/** Nothing servable is stored, and the caller allowed no upstream call. */
export class EntryNotFound extends Data.TaggedError("EntryNotFound")<{
  readonly sourceId: string;
  readonly key: string;
}> {
  override get message() {
    return `Cannot find key "${this.key}" in source "${this.sourceId}"`;
  }
}

export class TaskNotFound extends Data.TaggedError("TaskNotFound")<{
  readonly taskId: string;
}> {
  override get message() {
    return `Cannot find task "${this.taskId}"`;
  }
}

/** The key's refresh was asked for already and has not ended. */
export class RefreshUnfinished extends Data.TaggedError("RefreshUnfinished")<{
  readonly key: string;
  readonly taskId: string;
}> {
  override get message() {
    return `Cannot queue a refresh of key "${this.key}": task ${this.taskId} is unfinished`;
  }
}

/** Only what is queued can be cancelled. */
export class TaskNotQueued extends Data.TaggedError("TaskNotQueued")<{
  readonly taskId: string;
  readonly state: string;
}> {
  override get message() {
    return `Cannot cancel task "${this.taskId}": it is ${this.state}`;
  }
}

/** The source has as many refreshes waiting as it may. */
export class QueueFull extends Data.TaggedError("QueueFull")<{
  readonly sourceId: string;
  readonly retryAfterSeconds: number;
}> {
  override get message() {
    return `Cannot queue a refresh of source "${this.sourceId}": its queue is full`;
  }
}

/** The last refresh failed, nothing is stored, and the key is not asked for before the back-off ends. */
export class UpstreamFailed extends Data.TaggedError("UpstreamFailed")<{
  readonly sourceId: string;
  readonly reason: string;
  readonly retryAfterSeconds: number;
}> {
  override get message() {
    return `Upstream of source "${this.sourceId}" failed: ${this.reason}`;
  }
}

/** As `UpstreamFailed`, where the upstream did not answer in time. */
export class UpstreamTimedOut extends Data.TaggedError("UpstreamTimedOut")<{
  readonly sourceId: string;
  readonly retryAfterSeconds: number;
}> {
  override get message() {
    return `Upstream of source "${this.sourceId}" did not answer in time`;
  }
}

/** The `Idempotency-Key` names another request of this caller, of the last 24 hours. */
export class IdempotencyKeyReused extends Data.TaggedError("IdempotencyKeyReused")<{}> {
  override get message() {
    return "Cannot take this Idempotency-Key: it was given to another request";
  }
}

/** The first request of this `Idempotency-Key` has no answer yet. */
export class IdempotencyKeyRunning extends Data.TaggedError("IdempotencyKeyRunning")<{}> {
  override get message() {
    return "Cannot answer yet: the first request of this Idempotency-Key still runs";
  }
}

export class InstanceNotFound extends Data.TaggedError("InstanceNotFound")<{
  readonly instanceId: number;
}> {
  override get message() {
    return `Cannot find instance ${this.instanceId}`;
  }
}

export class InstanceExists extends Data.TaggedError("InstanceExists")<{
  readonly name: string;
}> {
  override get message() {
    return `Cannot call an instance "${this.name}": the name is taken`;
  }
}

/** The same is being cleared at this moment. */
export class ClearUnderWay extends Data.TaggedError("ClearUnderWay")<{
  readonly what: string;
}> {
  override get message() {
    return `Cannot clear ${this.what}: a clear of it is under way`;
  }
}

/** API proxies have their upstream in the source. */
export class SourceInUse extends Data.TaggedError("SourceInUse")<{
  readonly sourceId: string;
  /** `project/proxy` of each, some of them where there are many. */
  readonly apiProxies: readonly string[];
}> {
  override get message() {
    return `Cannot delete source "${this.sourceId}": it is the upstream of API proxy ${this.apiProxies.join(", ")}`;
  }
}

/** The errors a route may have to answer for. */
export type ServiceError =
  | AccessError
  | ApiProxyError
  | StoreUnavailable
  | Malformed
  | Invalid
  | SourceNotFound
  | SourceExists
  | SourceInUse
  | EntryNotFound
  | TaskNotFound
  | TaskNotQueued
  | RefreshUnfinished
  | QueueFull
  | UpstreamFailed
  | UpstreamTimedOut
  | IdempotencyKeyReused
  | IdempotencyKeyRunning
  | InstanceNotFound
  | InstanceExists
  | ClearUnderWay;
