/**
 * Stops once, whatever signals come.
 *
 * @module
 */

/** A terminal's Ctrl-C reaches the whole group and is passed on besides: that is one wish. */
const SAME_WISH_MILLIS = 1_000;

export interface Running {
  readonly stop: () => Promise<void>;
}

/**
 * Runs `start`, and at the first stop signal `stop` of what it gave, then ends the process.
 * A signal during the start waits for it, so that nothing half-started stays behind. A
 * second signal, more than a second after the first, ends the process at once.
 */
export async function runUntilStopped(start: () => Promise<Running>): Promise<void> {
  let askedAt: number | undefined;
  let ask = () => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const heard = (signal: NodeJS.Signals) => {
    const now = performance.now();
    if (askedAt !== undefined && now - askedAt > SAME_WISH_MILLIS) {
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
    askedAt ??= now;
    ask();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, heard);

  const running = await start().catch(failStart);
  await asked;
  try {
    await running.stop();
  } catch (error) {
    process.stderr.write(`Cannot stop cleanly: ${String(error)}\n`);
    process.exit(1);
  }
  process.exit(0);
}

/** Ends the process with one line for what it can't start without. */
function failStart(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`${message.split("\n")[0]}\n`);
  process.exit(1);
}
