/**
 * The members of `Cache-Control` as they stand, and their arguments.
 *
 * Durations are seconds.
 *
 * Source: RFC 9111 §1.2.2 (delta-seconds), §4.2.1 (what can't be read), §5.2.
 *
 * @module
 */
import { listMembers, unquoted } from "./field-value.ts";

/** One member as it stood: the name in lower case, the argument without its quotes. */
export type Directive = readonly [name: string, argument: string | undefined];

/** The members of `value`; white space around `=` stays in the argument, where it is invalid. */
export function parseDirectives(value: string): readonly Directive[] {
  return listMembers(value).map((member) => {
    const equals = member.indexOf("=");
    if (equals < 0) return [member.toLowerCase(), undefined];
    const name = member.slice(0, equals);
    const argument = unquoted(member.slice(equals + 1));
    const trimmed = name.trimEnd();
    return [trimmed.toLowerCase(), trimmed === name ? argument : ` ${argument}`];
  });
}

/**
 * Whole seconds, "a non-negative integer". More than 2^31 is taken for 2^31: "the cache MUST
 * consider the value to be 2147483648 (2^31) or the greatest positive integer it can
 * conveniently represent" (RFC 9111 §1.2.2). `undefined` for anything else.
 */
export function deltaSeconds(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), MOST_SECONDS) : undefined;
}

/** 2^31. */
export const MOST_SECONDS = 2_147_483_648;

/** Whether one is there, with or without an argument. */
export function has(said: readonly Directive[], name: string): boolean {
  return said.some(([other]) => other === name);
}

/** The first value of a directive, 0 where it can't be read. */
export function firstSeconds(
  asked: readonly Directive[],
  name: string,
): number | undefined {
  const first = asked.find(([other]) => other === name);
  return first && seconds(first[1]);
}

/**
 * 0 where it can't be read: "Caches are encouraged to consider responses that have invalid
 * freshness information (e.g., a max-age directive with a non-integer value) to be stale"
 * (RFC 9111 §4.2.1).
 */
export function seconds(argument: string | undefined): number {
  return deltaSeconds(argument ?? "") ?? 0;
}
