/**
 * Learns how a source was changed, after a claim has found that it was.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { ChangeBus } from "../change-bus.ts";
import { type KnownSource, SourceDirectory } from "../source/source-directory.ts";

/**
 * The source of `known` as it is once this process has applied the change log up to `seq`,
 * which takes a moment, and five seconds at most. `undefined` where it is gone, or nothing
 * new was heard: to claim again at once would find the same.
 */
export const learnSource = Effect.fnUntraced(function* (
  { source: { id, epoch, updatedAt } }: KnownSource,
  seq: number,
) {
  const bus = yield* ChangeBus;
  const directory = yield* SourceDirectory;
  yield* bus.appliedHere(seq);
  const now = directory.find(id);
  const isSame = now?.source.epoch === epoch && now.source.updatedAt === updatedAt;
  return isSame ? undefined : now;
});
