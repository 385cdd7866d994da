/**
 * What a change of a source's settings means for what is stored of it.
 *
 * @module
 */
import type { SourceSettings } from "./source.ts";
import { parseBaseUrl } from "./upstream-url.ts";

type Named = Pick<SourceSettings, "keyTemplate" | "keyCase">;

/** Whether `to` is at another origin than `from`. One that does not parse is refused for that. */
export function movesOrigin(from: string, to: string): boolean {
  const before = parseBaseUrl(from);
  const after = parseBaseUrl(to);
  if (before._tag === "Refused" || after._tag === "Refused") return false;
  return before.origin !== after.origin;
}

/** Whether keys are spelled or their parts called otherwise than before. */
export function renamesKeys(before: Named, after: Named): boolean {
  return before.keyTemplate !== after.keyTemplate || before.keyCase !== after.keyCase;
}
