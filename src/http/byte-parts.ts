/**
 * Answers that are put together from bytes, so that what is stored is passed on as it is.
 *
 * @module
 */

const encoder = new TextEncoder();

/** One after the other; text as UTF-8. */
export function joined(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const pieces = parts.map((part) =>
    typeof part === "string" ? encoder.encode(part) : part,
  );
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
