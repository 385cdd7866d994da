/**
 * A page of a list that goes on.
 *
 * @module
 */

/** How many items a page may have, and has where nobody says. */
export const PAGE = { most: 1_000, usual: 50 } as const;

/** Which page is wanted: behind what `cursor` tells, or the first. */
export interface PageAsked {
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** What a page shows, and the item that the next page comes after, if there is one. */
export interface Page<A> {
  readonly items: readonly A[];
  readonly last: A | undefined;
}

/**
 * Cuts the page from `rows`, of which one more was asked for than it shows.
 *
 * @example The row too many tells that the list goes on
 * ```ts
 * import { cutPage } from "./page.ts";
 *
 * cutPage(["a", "b", "c"], 2); // => { items: ["a", "b"], last: "b" }
 * cutPage(["a", "b"], 2); // => { items: ["a", "b"], last: undefined }
 * ```
 */
export function cutPage<A>(rows: readonly A[], limit: number): Page<A> {
  const items = rows.slice(0, limit);
  return { items, last: rows.length > limit ? items.at(-1) : undefined };
}
