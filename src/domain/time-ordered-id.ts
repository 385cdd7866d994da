/**
 * Ids that sort by the time they were made at.
 *
 * @module
 */

/**
 * `prefix`, 12 hexadecimal digits of `now` (Unix ms), 20 of `random`.
 *
 * `random` gives at least 10 bytes.
 */
export function timeOrderedId(prefix: string, now: number, random: Uint8Array): string {
  const time = now.toString(16).padStart(12, "0");
  const rest = Array.from(random.subarray(0, 10), (byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  return `${prefix}${time}${rest.join("")}`;
}
