/**
 * Purges whatever a client selects.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { type Matching, wantedParams } from "../../domain/entry/purge.ts";
import { normalisePrefix } from "../../domain/source/key-prefix.ts";
import { Audit } from "../audit/audit.ts";
import { Invalid } from "../errors.ts";
import { keyOf } from "../source/read-key.ts";
import { type KnownSource, knownSource } from "../source/source-directory.ts";
import { clearEverywhere } from "./clear-entries.ts";
import { purgedSpaces } from "./purged-spaces.ts";

/** Entries for which everything holds that is said; where nothing is, every entry. */
export interface PurgeAsked {
  readonly sourceId?: string | undefined;
  /** As the client spells it; needs `sourceId`. */
  readonly key?: string | undefined;
  /** Likewise. */
  readonly prefix?: string | undefined;
  readonly params?: Readonly<Record<string, string>> | undefined;
  /** Of the gateway. */
  readonly project?: string | undefined;
  /** In the project, or in whatever project. */
  readonly apiProxy?: string | undefined;
}

/**
 * Fails where there is no such source, project or API proxy, or the source can't have such
 * a key.
 */
export const purgeEntries = Effect.fn("purgeEntries")(function* (
  asked: PurgeAsked,
  soft: boolean,
) {
  const audit = yield* Audit;
  const selection = yield* selectionOf(asked);
  const { sourceId, apiProxy, ...rest } = asked;
  const details = { source_id: sourceId, ...rest, api_proxy: apiProxy, soft };
  return yield* clearEverywhere({
    selections: [selection],
    soft,
    record: ({ counts }) =>
      audit.record({
        action: "cache.purge",
        target: targetOf(asked),
        details: { ...details, ...counts },
      }),
  });
});

const targetOf = ({ sourceId, project, apiProxy }: PurgeAsked): string => {
  if (sourceId !== undefined) return sourceId;
  const ofGateway = [project, apiProxy].filter((name) => name !== undefined);
  return ofGateway.length === 0 ? "every source" : ofGateway.join("/");
};

const selectionOf = Effect.fnUntraced(function* (asked: PurgeAsked) {
  const { sourceId, params, project, apiProxy } = asked;
  const known = sourceId === undefined ? undefined : yield* knownSource(sourceId);
  const spaces = yield* purgedSpaces({ source: known, project, apiProxy });
  const key = known && (yield* keyIn(known, asked.key));
  const prefix = known && (yield* prefixIn(known, asked.prefix));
  return {
    _tag: "Matching",
    ...(spaces === undefined ? {} : { spaces }),
    ...(key === undefined ? {} : { key }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(params === undefined ? {} : { params: wantedParams(params) }),
  } satisfies Matching;
});

const keyIn = Effect.fnUntraced(function* (known: KnownSource, text: string | undefined) {
  return text === undefined ? undefined : yield* keyOf(known, text, "key");
});

const prefixIn = Effect.fnUntraced(function* (
  { template }: KnownSource,
  text: string | undefined,
) {
  if (text === undefined) return undefined;
  const decision = normalisePrefix(text, template);
  if (decision._tag === "Prefix") return decision.prefix;
  return yield* new Invalid({
    problems: [{ field: "prefix", message: decision.reason }],
  });
});
