/**
 * Lists tokens in the order they were made in, a page at a time.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { cutPage, type PageAsked } from "../../domain/page.ts";
import { cursorAfter, lastBefore } from "./cursor.ts";
import { TokenStore } from "./token-store.ts";

const LIST = ["tokens"] as const;

export const listTokens = Effect.fn("listTokens")(function* (asked: PageAsked) {
  const store = yield* TokenStore;
  const after = yield* lastBefore(LIST, asked.cursor);
  const { items, last } = cutPage(yield* store.page(after, asked.limit + 1), asked.limit);
  return { tokens: items, nextCursor: yield* cursorAfter(LIST, last?.id) };
});
