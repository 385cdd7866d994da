/**
 * How a client asks for a page of a list, and what a page is on the wire.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { PAGE, type PageAsked } from "../domain/page.ts";
import { wholeNumber } from "./whole-number.ts";

const CURSOR = "L3dlYXRoZXIvU2hhbmdoYWk.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";

const Limit = wholeNumber(1, PAGE.most).optional().openapi({
  default: PAGE.usual,
  description: "Most items of the page",
  example: PAGE.usual,
});

export const PageQuery = z.object({
  cursor: z.string().optional().openapi({
    description: "`next_cursor` of the page before, of the same list",
    example: CURSOR,
  }),
  limit: Limit,
});

export function pageAsked({ cursor, limit }: z.infer<typeof PageQuery>): PageAsked {
  return { cursor, limit: limit ?? PAGE.usual };
}

const NextCursorSchema = z.string().nullable().openapi({
  description: "Where the next page begins; `null` at the end of the list",
  example: CURSOR,
});

/** Items of one kind, and the way to the next of them. */
export const pageSchema = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), next_cursor: NextCursorSchema });
