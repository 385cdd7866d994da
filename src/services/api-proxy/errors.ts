/**
 * How managing the gateway's projects, API proxies and endpoints fails.
 *
 * @module
 */
import * as Data from "effect/Data";

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

/** The part of `ServiceError` that is about the gateway's configuration. */
export type ApiProxyError =
  | ProjectNotFound
  | ProjectExists
  | ProjectNotEmpty
  | ApiProxyNotFound
  | ApiProxyExists
  | EndpointNotFound
  | EndpointExists;
