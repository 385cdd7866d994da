/**
 * Lists users in the order they were made in, a page at a time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { cutPage, type PageAsked } from "../../domain/page.ts";
import { cursorAfter, lastBefore } from "./cursor.ts";
import { UserStore } from "./user-store.ts";

const LIST = ["users"] as const;

export const listUsers = Effect.fn("listUsers")(function* (asked: PageAsked) {
  const store = yield* UserStore;
  const before = yield* lastBefore(LIST, asked.cursor);
  const after = before === undefined ? undefined : Number(before);
  const { items, last } = cutPage(yield* store.page(after, asked.limit + 1), asked.limit);
  const nextCursor = yield* cursorAfter(LIST, last && String(last.id));
  return { users: items, nextCursor };
});
