/**
 * The embedded PostgreSQL could not be started or joined. The message is one line that
 * says what was attempted, why it failed, and what helps.
 *
 * @module
 */

export class EmbeddedPostgresFailed extends Error {
  override readonly name = "EmbeddedPostgresFailed";
}

/** Runs `step`; what it throws becomes "Cannot <attempt>: <reason>". */
export function attempt<A>(what: string, step: () => A): A {
  try {
    return step();
  } catch (error) {
    throw failure(what, error);
  }
}

export function failure(what: string, error: unknown): EmbeddedPostgresFailed {
  if (error instanceof EmbeddedPostgresFailed) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const line = reason.replaceAll(/\s*\n\s*/g, "; ");
  return new EmbeddedPostgresFailed(`Cannot ${what}: ${line}`, { cause: error });
}

/** The `code` of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
