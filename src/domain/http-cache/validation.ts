/**
 * Asks the origin whether what is stored is still right, and finds what its 304 is about.
 *
 * Source: RFC 9111 §4.3.1 (sending), §4.3.3 (replies), §4.3.4 (freshening).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import type { StoredResponse } from "../gateway/stored-response.ts";
import {
  type EntityTag,
  entityTag,
  matchesStrongly,
  matchesWeakly,
} from "./entity-tags.ts";
import { firstLine } from "./field-value.ts";
import { httpDateAt } from "./http-date.ts";
import { dateValue } from "./age.ts";

type Stored = Pick<StoredResponse, "status" | "headers" | "responseAt">;

/** More tags than this don't fit into a request that every server reads. */
const MOST_TAGS = 24;

/**
 * The conditions to send: `If-None-Match` with the tags of all responses stored for the key,
 * that of `selected` first, and `If-Modified-Since` with what `selected` says: "This
 * precondition's metadata is sourced from a stored response(s) that has the same URI" (RFC 9111
 * §4.3.1). Without a `selected` (none matches what the request varies by) only the tags.
 *
 * A `selected` that has a date and no tag is asked for by its date alone, since a server passes
 * over the date beside tags (RFC 9110 §13.2.2). Tags and dates go out as they came. A date is
 * not made of `Date`: what changed within its second would be taken for unchanged. A stored
 * part (206) is not asked for: that the whole is unchanged doesn't give us the rest of it.
 */
export function conditionsFor(stored: readonly Stored[], selected?: Stored): HeaderList {
  if (selected?.status === 206) return conditionsFor(stored);
  const modified = selected && firstLine(selected.headers, "last-modified");
  const since =
    modified !== undefined && httpDateAt(modified, 0) !== undefined
      ? ([["If-Modified-Since", modified]] as const)
      : [];
  if (selected !== undefined && tagOf(selected) === undefined) return since;
  const asked = selected === undefined ? stored : [selected, ...stored];
  const tags = asked.flatMap((one) =>
    one.status === 206 ? [] : (tagOf(one)?.text ?? []),
  );
  const named = [...new Set(tags)].slice(0, MOST_TAGS);
  if (named.length === 0) return since;
  return [["If-None-Match", named.join(", ")], ...since];
}

function tagOf({ headers }: Pick<Stored, "headers">): EntityTag | undefined {
  return entityTag(firstLine(headers, "etag"));
}

/**
 * The stored responses that a 304 says are unchanged (RFC 9111 §4.3.4); those asked about are
 * `stored`. None: the 304 must not be used, ask again without conditions.
 *
 * - "If the new response contains one or more strong validators …, all the stored responses with
 *   one of those same strong validators are identified";
 * - else with weak ones "the most recent of those matching";
 * - without any, the only one that was asked about. The RFC asks that this one lack a validator
 *   too; but `Last-Modified` is none of the fields that a 304 has to repeat (RFC 9110 §15.4.5).
 */
export function freshenedBy<S extends Stored>(
  stored: readonly S[],
  reply: HeaderList,
): readonly S[] {
  const tag = entityTag(firstLine(reply, "etag"));
  if (tag !== undefined && !tag.isWeak) {
    return stored.filter((one) => {
      const ours = tagOf(one);
      return ours !== undefined && matchesStrongly(ours, tag);
    });
  }
  const modified = firstLine(reply, "last-modified");
  if (tag === undefined && modified === undefined) {
    return stored.length === 1 ? stored : [];
  }
  return mostRecent(
    stored.filter((one) => {
      const ours = tagOf(one);
      if (tag !== undefined && ours !== undefined) return matchesWeakly(ours, tag);
      return (
        modified !== undefined && firstLine(one.headers, "last-modified") === modified
      );
    }),
  );
}

function mostRecent<S extends Stored>(stored: readonly S[]): readonly S[] {
  const at = ({ headers, responseAt }: Stored) =>
    dateValue(headers, responseAt) ?? responseAt;
  return stored.toSorted((a, b) => at(b) - at(a)).slice(0, 1);
}
