/**
 * How telling who calls, and what they may do, fails.
 *
 * @module
 */
import * as Data from "effect/Data";

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

/** The part of `ServiceError` that is about callers, tokens and users. */
export type AccessError =
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
  | LastAdmin;
