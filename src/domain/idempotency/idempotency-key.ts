/**
 * The name that a caller gives a request, so that sending it again does nothing again.
 *
 * Any text of 1 to 255 printable ASCII characters, compared as it is: quotes around it
 * belong to it, as capitals do.
 *
 * Source: contract §6; draft-ietf-httpapi-idempotency-key-header, with any text for its
 * structured string.
 *
 * @module
 */

export const LONGEST_KEY = 255;

const printable = /^[\x20-\x7e]*$/;

/** What is wrong with `text` as a key; `undefined` when it is one. */
export function idempotencyKeyFault(text: string): string | undefined {
  if (text === "" || text.length > LONGEST_KEY) {
    return `Must have 1 to ${LONGEST_KEY} characters`;
  }
  return printable.test(text) ? undefined : "Must be printable ASCII";
}
