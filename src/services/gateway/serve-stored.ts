/**
 * Answers from a stored response, as the client asked for it: whole, in part, or not at all
 * because the client has it.
 *
 * Source: RFC 9111 §4, §4.3.2; RFC 9110 §13, §14.
 *
 * @module
 */
import type { HeaderList } from "../../domain/entry/entry.ts";
import { clientHeaders } from "../../domain/gateway/client-headers.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { ageSeconds } from "../../domain/http-cache/age.ts";
import {
  type CacheReport,
  withCacheStatus,
} from "../../domain/http-cache/cache-status.ts";
import { conditionOf, notModifiedHeaders } from "../../domain/http-cache/conditional.ts";
import { withoutFields } from "../../domain/http-cache/field-value.ts";
import { asksForRange, rangeAnswer } from "../../domain/http-cache/range-answer.ts";
import type { CachedRequest } from "./cached-request.ts";
import type { CacheLabel } from "../entry/count-reads.ts";
import type { GatewayAnswer } from "./gateway-request.ts";

export interface Serving {
  readonly label: CacheLabel;
  readonly now: number;
  /** What `Cache-Status` says besides the ttl. */
  readonly report?: CacheReport;
  /** It has come for this very request: its age is what the upstream says. */
  readonly isNew?: boolean;
}

export function serveStored(
  { asked, rules }: Pick<CachedRequest, "asked" | "rules">,
  stored: StoredResponse,
  { label, now, report = {}, isNew = false }: Serving,
): GatewayAnswer {
  const { headers, body, status } = answerTo(asked, stored, rules.judgesAsOrigin);
  const isKept = !isNew || report.stored === true;
  const ttl = isKept ? { ttlMillis: stored.lifetime.freshUntil - now } : {};
  const reported = withCacheStatus(headers, { ...report, ...ttl });
  const ours: HeaderList = [
    ["X-UC-Cache", label],
    ...(isNew ? [] : [["Age", String(ageSeconds(stored.lifetime, now))] as const]),
    ...(status === 304 || status === 204
      ? []
      : [["Content-Length", String(body.length)] as const]),
  ];
  const passed = withoutFields(reported, LENGTH);
  return { status, headers: clientHeaders(passed, ours), body, label };
}

const LENGTH = new Set(["content-length"]);
const NOTHING = new Uint8Array();

type Asked = CachedRequest["asked"];

function answerTo(asked: Asked, stored: StoredResponse, asOrigin: boolean) {
  const { status, headers, body } = stored;
  switch (conditionOf(asked, stored, asOrigin)) {
    case "NotModified":
      return { status: 304, headers: notModifiedHeaders(headers), body: NOTHING };
    case "PreconditionFailed":
      return { status: 412, headers: [], body: NOTHING };
    case "Proceed":
      break;
  }
  if (!asksForRange(asked.headers)) return { status, headers, body };
  const range = rangeAnswer(asked, stored, crypto.randomUUID());
  switch (range._tag) {
    case "Part":
      return { status: 206, headers: range.headers, body: range.body };
    case "Unsatisfiable":
      return { status: 416, headers: range.headers, body: NOTHING };
    case "Whole":
    case "Elsewhere":
      return { status, headers, body };
  }
}
