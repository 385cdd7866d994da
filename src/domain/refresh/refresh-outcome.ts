/**
 * How one refresh ended.
 *
 * @module
 */
import type { DataEncoding, Entry, HeaderList } from "../entry/entry.ts";
import { encodeBody, NULL_BODY } from "../entry/data-encoding.ts";
import { entityTagOf } from "../entry/entity-tag.ts";
import { lifetimeFrom, type Lifetime } from "../entry/freshness.ts";
import type { Params } from "../source/key-template.ts";
import { freshnessPolicy, isNegative, type Source, spaceOf } from "../source/source.ts";
import type { TaskError } from "./task.ts";

export type RefreshOutcome =
  | { readonly _tag: "Updated"; readonly entry: Entry }
  /** The entry under `etag` still holds, with `lifetime` from now on. */
  | {
      readonly _tag: "NotModified";
      readonly etag: string;
      readonly lifetime: Lifetime;
      readonly headers: HeaderList;
      readonly requestAt: number;
      readonly responseAt: number;
    }
  | { readonly _tag: "Failed"; readonly error: TaskError; readonly retry: boolean }
  /** The upstream refuses calls for now: the task waits without losing an attempt. */
  | { readonly _tag: "Postponed" };

/** When a call was sent and its answer had come. */
export interface CallTimes {
  readonly requestAt: number;
  readonly responseAt: number;
}

/** What the upstream sent, its content coding undone. */
export interface UpstreamAnswer extends CallTimes {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** The entry to store for `answer`, or the failure that it can't be one. */
export function outcomeOf(
  source: Source,
  key: string,
  params: Params,
  answer: UpstreamAnswer,
): RefreshOutcome {
  const contentType = answer.headers.find(
    ([name]) => name.toLowerCase() === "content-type",
  )?.[1];
  const encoded = encodedBody(answer, contentType);
  if (encoded === undefined) {
    return {
      _tag: "Failed",
      error: {
        code: "BODY_INVALID",
        detail: "Upstream sent a JSON body that does not parse",
      },
      retry: false,
    };
  }
  const policy = freshnessPolicy(source, answer.status);
  return {
    _tag: "Updated",
    entry: {
      space: spaceOf(source),
      key,
      status: answer.status,
      headers: storedHeaders(answer.headers),
      contentType: answer.status === 204 ? undefined : contentType,
      ...encoded,
      etag: entityTagOf(encoded.body),
      params,
      lifetime: lifetimeFrom(answer.responseAt, policy),
      requestAt: answer.requestAt,
      responseAt: answer.responseAt,
    },
  };
}

/** The renewal of the entry under `etag`, whose stored headers were `before` (RFC 9111 §4.3.4). */
export function renewalOf(
  source: Source,
  etag: string,
  before: HeaderList,
  answer: CallTimes & { readonly headers: HeaderList },
): RefreshOutcome {
  const fresh = storedHeaders(answer.headers);
  const replaced = new Set(fresh.map(([name]) => name));
  return {
    _tag: "NotModified",
    etag,
    lifetime: lifetimeFrom(answer.responseAt, freshnessPolicy(source, 200)),
    headers: [...before.filter(([name]) => !replaced.has(name)), ...fresh],
    requestAt: answer.requestAt,
    responseAt: answer.responseAt,
  };
}

/** The headers a later refresh or an answer needs; no other is kept, so none can leak. */
const kept = new Set(["etag", "last-modified", "date"]);

function storedHeaders(headers: HeaderList): HeaderList {
  return headers.flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    return kept.has(lower) ? [[lower, value] as const] : [];
  });
}

/** `undefined` for JSON that does not parse; a negative answer then has no data instead. */
function encodedBody(
  answer: UpstreamAnswer,
  contentType: string | undefined,
): { readonly encoding: DataEncoding; readonly body: Uint8Array } | undefined {
  const nothing = { encoding: "json", body: NULL_BODY } as const;
  if (answer.status === 204) return nothing;
  const encoded = encodeBody(answer.body, contentType);
  if (encoded._tag === "Encoded")
    return { encoding: encoded.encoding, body: encoded.body };
  return isNegative(answer.status) ? nothing : undefined;
}
