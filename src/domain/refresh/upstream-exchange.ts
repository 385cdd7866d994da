/**
 * One call to an upstream: the request to send, and what the reply means.
 *
 * Source: contract §6; RFC 9110 §13 (conditional requests), §15 (status codes).
 *
 * @module
 */
import { type HeaderList, headerValue } from "../entry/entry.ts";
import { combinedValue } from "../http-cache/field-value.ts";
import { httpDateAt } from "../http-cache/http-date.ts";
import { retryInstant } from "../quota/retry-after.ts";
import type { Source } from "../source/source.ts";
import type { TaskError } from "./task.ts";

/** What the upstream gave us to ask "is it still this?". */
export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

export type ReplyMeaning =
  /** A new answer: store it once its body is there. */
  | { readonly _tag: "Answer" }
  /** What is stored still holds. */
  | { readonly _tag: "NotModified" }
  | { readonly _tag: "Redirect"; readonly location: string }
  /** No call before `notBefore`, or by our own count where the upstream names no instant. */
  | { readonly _tag: "Refusal"; readonly notBefore: number | undefined }
  | { readonly _tag: "Failure"; readonly error: TaskError; readonly retry: boolean };

const acceptedEncodings = "gzip, deflate, br";

/** The validators of a stored response. */
export function validatorsOf(headers: HeaderList): Validators {
  return {
    etag: headerValue(headers, "etag"),
    lastModified: headerValue(headers, "last-modified"),
  };
}

/** The headers of a refresh: ours, overruled by the source's, with the conditions. */
export function refreshHeaders(
  source: Source,
  validators: Validators | undefined,
): HeaderList {
  const named = Object.entries(source.defaultHeaders);
  const given = (name: string) => named.some(([other]) => other.toLowerCase() === name);
  const ours: [string, string][] = [
    ["Accept", "application/json, */*;q=0.5"],
    ["Accept-Encoding", acceptedEncodings],
    ["User-Agent", "uni-cache"],
  ];
  const conditions: [string, string][] = [];
  if (validators?.etag !== undefined) conditions.push(["If-None-Match", validators.etag]);
  if (validators?.lastModified !== undefined) {
    conditions.push(["If-Modified-Since", validators.lastModified]);
  }
  return [
    ...ours.filter(([name]) => !given(name.toLowerCase())),
    ...named,
    ...conditions,
  ];
}

/** What a reply means, by its head alone. `conditional`: we asked with a validator. */
export function meaningOf(
  status: number,
  headers: HeaderList,
  conditional: boolean,
  now: number,
): ReplyMeaning {
  const lookup = (name: string) => combinedValue(headers, name);
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 404:
    case 410:
      return { _tag: "Answer" };
    case 304:
      return conditional
        ? { _tag: "NotModified" }
        : failure("Upstream answered 304 to a request without a condition");
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: {
      const location = lookup("location");
      return location === undefined
        ? failure(`Upstream answered ${status} without a Location`)
        : { _tag: "Redirect", location };
    }
    case 429:
      return { _tag: "Refusal", notBefore: retryInstant(status, lookup, now) };
    case 503: {
      const notBefore = retryInstant(status, lookup, now);
      return notBefore === undefined ? retriable(status) : { _tag: "Refusal", notBefore };
    }
    case 401:
    case 403:
      return {
        _tag: "Failure",
        error: {
          code: "UPSTREAM_UNAUTHORIZED",
          detail: `Upstream answered ${status}: the source's credentials are refused`,
        },
        retry: false,
      };
    case 408:
    case 425:
      return retriable(status);
    default:
      return status >= 500 ? retriable(status) : failure(`Upstream answered ${status}`);
  }
}

function retriable(status: number): ReplyMeaning {
  return { ...failure(`Upstream answered ${status}`), retry: true };
}

function failure(detail: string) {
  return {
    _tag: "Failure",
    error: { code: "UPSTREAM_STATUS", detail },
    retry: false,
  } as const;
}

/** When the upstream says the resource last changed; `undefined` when it does not, or not readably. */
export function lastModifiedAt(headers: HeaderList, now: number): number | undefined {
  const text = headerValue(headers, "last-modified");
  return text === undefined ? undefined : httpDateAt(text, now);
}
