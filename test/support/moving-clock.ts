/**
 * A clock that stands still while this machine does.
 *
 * For promises of the kind "within a second": a pause of the process, or of the database
 * where it is asked too, hardly counts, and everything that the service waits for does.
 *
 * @module
 */
/** A test's service or store; without `sql`, this process alone. */
interface Asked {
  readonly sql?: (query: TemplateStringsArray) => PromiseLike<unknown>;
}

export interface MovingClock extends Disposable {
  /** Milliseconds. */
  now(): number;
}

const LOOK_MILLIS = 5;
/** What one look may take on a machine that is only busy. */
const MOST_MILLIS = 50;

/** Looks every few milliseconds; with `sql` also whether the database answers. */
export function movingClock({ sql }: Asked = {}): MovingClock {
  let moved = 0;
  let lookedAt = performance.now();
  let isOn = true;
  const now = () => moved + Math.min(performance.now() - lookedAt, MOST_MILLIS);
  const look = async () => {
    if (sql !== undefined) await sql`select 1`.then(undefined, () => undefined);
    moved = now();
    lookedAt = performance.now();
    if (isOn) setTimeout(look, LOOK_MILLIS);
  };
  void look();
  return { now, [Symbol.dispose]: () => void (isOn = false) };
}

/** What `work` gives, and the milliseconds it takes on a machine that does not stop. */
export async function timed<A>(
  asked: Asked,
  work: () => Promise<A>,
): Promise<{ readonly value: A; readonly millis: number }> {
  using clock = movingClock(asked);
  const startedAt = clock.now();
  const value = await work();
  return { value, millis: clock.now() - startedAt };
}

/**
 * The first of some tries that is `good`, else the last: a machine that stops spoils one of
 * them, a mistake all.
 */
export async function someTry<A>(
  attempt: () => Promise<A>,
  good: (answer: A) => boolean,
  tries = 5,
): Promise<A> {
  const answer = await attempt();
  return good(answer) || tries <= 1 ? answer : someTry(attempt, good, tries - 1);
}
