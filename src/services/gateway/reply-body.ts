/**
 * What the head of a reply tells of its body.
 *
 * @module
 */
import { firstLine } from "../../domain/http-cache/field-value.ts";
import type { SourceReply } from "./call-source.ts";

export const TOO_LARGE = "body too large";

/** Events, one after the other, until somebody goes. */
const ENDLESS = /^\s*(?:text\/event-stream|multipart\/x-mixed-replace)\b/i;

/** Bytes; `Infinity` where the upstream doesn't say. */
export function declaredLength({ rawHeaders, status }: SourceReply): number {
  if (status === 204 || status === 304) return 0;
  const length = firstLine(rawHeaders, "content-length");
  return length === undefined ? Infinity : Number(length);
}

/** Why a body is not kept, whatever the rules say; `undefined`: it may be. */
export function unkeepableBody(
  reply: SourceReply,
  maxBodyBytes: number,
): string | undefined {
  if (ENDLESS.test(firstLine(reply.rawHeaders, "content-type") ?? "")) return "endless";
  const length = declaredLength(reply);
  return length !== Infinity && length > maxBodyBytes ? TOO_LARGE : undefined;
}
