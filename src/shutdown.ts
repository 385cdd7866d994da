/**
 * Stops once, whatever signals come.
 *
 * @module
 */

/** A terminal's Ctrl-C reaches the whole group and is passed on besides: that is one wish. */
const SAME_WISH_MILLIS = 1_000;

/**
 * Runs `stop` at the first stop signal, then ends the process with its outcome. A second
 * signal, more than a second later, ends it at once.
 */
export function onStopSignal(stop: () => Promise<void>): void {
  let askedAt: number | undefined;
  const asked = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (askedAt !== undefined) {
      if (now - askedAt > SAME_WISH_MILLIS) process.exit(signal === "SIGINT" ? 130 : 143);
      return;
    }
    askedAt = now;
    stop().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`Cannot stop cleanly: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, asked);
}

/** Ends the process with one line for what it can't start without. */
export function failStart(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message.split("\n")[0]}\n`);
  process.exit(1);
}
