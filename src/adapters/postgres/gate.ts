/**
 * The door in front of the connection pool.
 *
 * The driver queues without limit and has no time-out, so a stopped database would
 * gather work that is carried out long after its callers were told it failed. Here at
 * most `width` callers are inside, at most `length` wait, and none longer than `waitMillis`.
 *
 * After `trip` outages in a row the door stays shut for `restMillis`, then lets one
 * caller through to look.
 *
 * @module
 */

export interface GateOptions {
  readonly width: number;
  readonly length: number;
  readonly waitMillis: number;
  readonly trip: number;
  readonly restMillis: number;
  /** A clock that never steps back, in milliseconds. */
  readonly monotonic: () => number;
}

export class GateShut extends Error {
  override readonly name = "GateShut";
  readonly code = "UC_GATE_SHUT";
}

interface Waiter {
  readonly admit: () => void;
  readonly refuse: (reason: string) => void;
}

/** Calling it twice does no harm. */
export type Leave = () => void;

export interface Gate {
  /** Waits for a place; rejects with `GateShut`. The place is held until `Leave` is called. */
  readonly enter: () => Promise<Leave>;
  /** Tells how a call inside ended, which opens or shuts the door. */
  readonly ended: (how: "answered" | "outage") => void;
}

export function makeGate(options: GateOptions): Gate {
  const waiting: Waiter[] = [];
  let inside = 0;
  let outages = 0;
  let shutUntil = 0;

  const leaveOnce = (): Leave => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      inside -= 1;
      waiting.shift()?.admit();
    };
  };

  const admitted = (): Leave => {
    inside += 1;
    return leaveOnce();
  };

  const waitForPlace = () =>
    new Promise<Leave>((resolve, reject) => {
      const timer = setTimeout(
        () => waiter.refuse("no place in time"),
        options.waitMillis,
      );
      const waiter: Waiter = {
        admit: () => {
          clearTimeout(timer);
          resolve(admitted());
        },
        refuse: (reason) => {
          clearTimeout(timer);
          const at = waiting.indexOf(waiter);
          if (at >= 0) waiting.splice(at, 1);
          reject(new GateShut(reason));
        },
      };
      waiting.push(waiter);
    });

  return {
    enter: async () => {
      if (outages >= options.trip) {
        const now = options.monotonic();
        if (now < shutUntil) throw new GateShut("resting after outages");
        // This caller is the one that looks; the others go on resting until it is back.
        shutUntil = now + options.restMillis;
      }
      if (inside < options.width) return admitted();
      if (waiting.length >= options.length) throw new GateShut("too many wait");
      return waitForPlace();
    },
    ended: (how) => {
      if (how === "answered") {
        outages = 0;
        return;
      }
      outages += 1;
      if (outages < options.trip) return;
      shutUntil = options.monotonic() + options.restMillis;
      for (const waiter of waiting.slice()) waiter.refuse("the store is away");
    },
  };
}
