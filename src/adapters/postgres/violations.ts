/**
 * Constraints of the store that a statement may run into on purpose.
 *
 * @module
 */

const UNIQUE = "23505";
const FOREIGN_KEY = "23503";

export interface Violation {
  readonly _tag: "Violation";
  readonly kind: "unique" | "foreign key";
  /** The name of the constraint. */
  readonly constraint: string;
}

/** The violation that `error` tells of; any other error is thrown on. */
export function violationIn(error: unknown): Violation {
  if (error instanceof Error && "code" in error) {
    const constraint = "constraint_name" in error ? String(error.constraint_name) : "";
    if (error.code === UNIQUE) return { _tag: "Violation", kind: "unique", constraint };
    if (error.code === FOREIGN_KEY) {
      return { _tag: "Violation", kind: "foreign key", constraint };
    }
  }
  throw error;
}
