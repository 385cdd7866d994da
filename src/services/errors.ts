/**
 * Every way a Uni-Cache operation can fail on purpose.
 *
 * A failure the caller can act on is a class here and appears in the type of the
 * effect. Anything else is a defect: it is not caught, and HTTP answers 500.
 * `src/http/problems.ts` holds the one table from these tags to HTTP answers.
 *
 * @module
 */
import * as Data from "effect/Data";

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

/** No credential was given, or it is not one of ours. */
export class NotAuthenticated extends Data.TaggedError("NotAuthenticated")<{}> {
  override get message() {
    return "Cannot tell who is calling: log in, or give a valid token as Authorization: Bearer or X-API-Key";
  }
}

export class NotPermitted extends Data.TaggedError("NotPermitted")<{
  readonly permission: string;
}> {
  override get message() {
    return `Cannot do this without the permission ${this.permission}`;
  }
}

/** The name and the password are not those of a user; it is not said which is wrong. */
export class InvalidCredentials extends Data.TaggedError("InvalidCredentials")<{}> {
  override get message() {
    return "Cannot log in: the name or the password is wrong";
  }
}

/** The password was right, and the user may not log in. */
export class AccountDisabled extends Data.TaggedError("AccountDisabled")<{}> {
  override get message() {
    return "Cannot log in: the account is not active";
  }
}

/** Too many passwords were tried for this name from this address, or too many are being checked. */
export class TooManyLogins extends Data.TaggedError("TooManyLogins")<{
  readonly retryAfterSeconds: number;
}> {
  override get message() {
    return "Cannot check a password yet: too many were tried";
  }
}

/** The call was made with a session and without the token that goes with it. */
export class CsrfMissing extends Data.TaggedError("CsrfMissing")<{}> {
  override get message() {
    return "Cannot take this call without the session's token in the header X-CSRFToken";
  }
}

/** The token is not the session's, or the call comes from another site. */
export class CsrfInvalid extends Data.TaggedError("CsrfInvalid")<{
  readonly reason: string;
}> {
  override get message() {
    return `Cannot take this call: ${this.reason}`;
  }
}

export class TokenNotFound extends Data.TaggedError("TokenNotFound")<{
  readonly tokenId: string;
}> {
  override get message() {
    return `Cannot find token "${this.tokenId}"`;
  }
}

/** The bootstrap token would be back at the next start. */
export class TokenNotRevocable extends Data.TaggedError("TokenNotRevocable")<{
  readonly tokenId: string;
}> {
  override get message() {
    return `Cannot revoke token "${this.tokenId}": start with another UC_ADMIN_TOKEN to replace it`;
  }
}

export class UserNotFound extends Data.TaggedError("UserNotFound")<{
  readonly userId: string;
}> {
  override get message() {
    return `Cannot find user ${this.userId}`;
  }
}

export class UserExists extends Data.TaggedError("UserExists")<{
  readonly username: string;
}> {
  override get message() {
    return `Cannot create user "${this.username}": the name is taken`;
  }
}

/** Nobody could manage users any more. */
export class LastAdmin extends Data.TaggedError("LastAdmin")<{
  readonly username: string;
}> {
  override get message() {
    return `Cannot do without user "${this.username}": no other active admin is left`;
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

export class ProjectNotFound extends Data.TaggedError("ProjectNotFound")<{
  readonly project: string;
}> {
  override get message() {
    return `Project (name: ${this.project}) was not found!`;
  }
}

export class ProjectExists extends Data.TaggedError("ProjectExists")<{
  readonly project: string;
}> {
  override get message() {
    return `Project (name: ${this.project}) already exists!`;
  }
}

/** Its API proxies have to go first. */
export class ProjectNotEmpty extends Data.TaggedError("ProjectNotEmpty")<{
  readonly project: string;
}> {
  override get message() {
    return `Project (name: ${this.project}) still has API proxies!`;
  }
}

export class ApiProxyNotFound extends Data.TaggedError("ApiProxyNotFound")<{
  readonly apiProxy: string;
}> {
  override get message() {
    return `ApiProxy (name: ${this.apiProxy}) was not found!`;
  }
}

export class ApiProxyExists extends Data.TaggedError("ApiProxyExists")<{
  readonly apiProxy: string;
}> {
  override get message() {
    return `ApiProxy (name: ${this.apiProxy}) already exists!`;
  }
}

export class EndpointNotFound extends Data.TaggedError("EndpointNotFound")<{
  readonly name: string;
  readonly httpMethod: string;
}> {
  override get message() {
    return `Endpoint with name (${this.name}) and HTTP method (${this.httpMethod}) is not found!`;
  }
}

export class EndpointExists extends Data.TaggedError("EndpointExists")<{
  readonly name: string;
  readonly httpMethod: string;
}> {
  override get message() {
    return `Endpoint with name (${this.name}) and HTTP method (${this.httpMethod}) already exists!`;
  }
}

/** The errors a route may have to answer for. */
export type ServiceError =
  | StoreUnavailable
  | Malformed
  | Invalid
  | SourceNotFound
  | SourceExists
  | SourceInUse
  | ProjectNotFound
  | ProjectExists
  | ProjectNotEmpty
  | ApiProxyNotFound
  | ApiProxyExists
  | EndpointNotFound
  | EndpointExists
  | EntryNotFound
  | TaskNotFound
  | TaskNotQueued
  | RefreshUnfinished
  | QueueFull
  | UpstreamFailed
  | UpstreamTimedOut
  | IdempotencyKeyReused
  | IdempotencyKeyRunning
  | NotAuthenticated
  | NotPermitted
  | InvalidCredentials
  | AccountDisabled
  | TooManyLogins
  | CsrfMissing
  | CsrfInvalid
  | TokenNotFound
  | TokenNotRevocable
  | UserNotFound
  | UserExists
  | LastAdmin
  | InstanceNotFound
  | InstanceExists
  | ClearUnderWay;
