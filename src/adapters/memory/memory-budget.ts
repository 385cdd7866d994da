/**
 * The memory that everything kept in this process may take together.
 *
 * There is one order of use over all of it: whoever needs room takes it from what was used
 * least lately, whosever that is.
 *
 * @module
 */
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";

/** Something that is kept. */
export interface Kept {
  /** Does not change while it is kept. */
  readonly bytes: number;
  /** Called when its room is needed; its keeper forgets it. */
  readonly drop: () => void;
}

export class MemoryBudget extends Context.Service<
  MemoryBudget,
  {
    /**
     * Makes room for `kept`, used just now. `false` where there is not as much in all: then
     * it is not to be kept.
     */
    readonly take: (kept: Kept) => boolean;
    /** `kept` was used just now. */
    readonly use: (kept: Kept) => void;
    /** `kept` is forgotten. Safe to repeat. */
    readonly giveBack: (kept: Kept) => void;
    readonly bytes: () => number;
  }
>()("uni-cache/adapters/MemoryBudget") {}

export const layer = (maxBytes: number) =>
  Layer.sync(MemoryBudget, () => {
    /** In the order of their last use. */
    const all = new Set<Kept>();
    let bytes = 0;

    const giveBack = (kept: Kept) => {
      if (all.delete(kept)) bytes -= kept.bytes;
    };
    return MemoryBudget.of({
      take: (kept) => {
        if (kept.bytes > maxBytes) return false;
        for (const oldest of all) {
          if (bytes + kept.bytes <= maxBytes) break;
          giveBack(oldest);
          oldest.drop();
        }
        all.add(kept);
        bytes += kept.bytes;
        return true;
      },
      use: (kept) => {
        if (all.delete(kept)) all.add(kept);
      },
      giveBack,
      bytes: () => bytes,
    });
  });
