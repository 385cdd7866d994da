/**
 * Lists the keys of a source that have an entry, a page at a time.
 *
 * @module
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { cutPage, type PageAsked } from "../../domain/page.ts";
import { normalisePrefix } from "../../domain/source/key-prefix.ts";
import { cursorAfter, lastBefore } from "../access/cursor.ts";
import { Invalid, Malformed } from "../errors.ts";
import { type KnownSource, knownSource } from "../source/source-directory.ts";
import { EntryStore } from "./entry-store.ts";

export interface EntriesAsked extends PageAsked {
  /** As the client spells it; `""` for every key. */
  readonly prefix: string;
}

/** What has expired is passed over, so a page may be short before the list ends. */
export const listEntries = Effect.fn("listEntries")(function* (
  sourceId: string,
  asked: EntriesAsked,
) {
  const store = yield* EntryStore;
  const known = yield* knownSource(sourceId);
  const { space } = known;
  const prefix = yield* prefixOf(known, asked.prefix);
  const list = ["entries", space, prefix] as const;
  const after = yield* lastBefore(list, asked.cursor);
  const rows = yield* store.list({ space, prefix, after }, asked.limit + 1);
  const readAt = yield* Clock.currentTimeMillis;
  const { items, last } = cutPage(rows, asked.limit);
  return {
    entries: items.filter(({ fallbackUntil }) => readAt < fallbackUntil),
    nextCursor: yield* cursorAfter(list, last?.key),
    readAt,
  };
});

const prefixOf = Effect.fnUntraced(function* ({ template }: KnownSource, text: string) {
  const field = "prefix";
  const decision = normalisePrefix(text, template);
  if (decision._tag === "Malformed") {
    return yield* new Malformed({ field, reason: decision.reason });
  }
  if (decision._tag === "Refused") {
    return yield* new Invalid({ problems: [{ field, message: decision.reason }] });
  }
  return decision.prefix;
});
