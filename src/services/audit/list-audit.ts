/**
 * Lists the audit trail, newest first, a page at a time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { cutPage, type PageAsked } from "../../domain/page.ts";
import { cursorAfter, lastBefore } from "../access/cursor.ts";
import { Audit, type AuditFilter, type AuditPlace } from "./audit.ts";

export interface AuditAsked extends Omit<AuditFilter, "before">, PageAsked {}

export const listAudit = Effect.fn("listAudit")(function* (asked: AuditAsked) {
  const audit = yield* Audit;
  const { cursor, limit, ...filter } = asked;
  const { action = null, actor = null, from, to } = filter;
  const list = ["audit", action, actor, textOf(from), textOf(to)] as const;
  const before = placeIn(yield* lastBefore(list, cursor));
  const rows = yield* audit.list({ ...filter, before }, limit + 1);
  const { items, last } = cutPage(rows, limit);
  const name = last === undefined ? undefined : `${last.at}.${last.id}`;
  return { records: items, nextCursor: yield* cursorAfter(list, name) };
});

const textOf = (instant: number | undefined) =>
  instant === undefined ? null : String(instant);

/** The place that a cursor of ours names; only we can make one. */
function placeIn(name: string | undefined): AuditPlace | undefined {
  if (name === undefined) return undefined;
  const [at, id] = name.split(".").map(Number);
  return { at: at ?? 0, id: id ?? 0 };
}
