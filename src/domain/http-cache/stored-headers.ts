/**
 * Which headers of a response are kept with it.
 *
 * Source: RFC 9111 §3.1 (storing fields), §5.2.2.4 and §5.2.2.7 (fields that `no-cache` and
 * `private` name); RFC 9110 §6.6.1 (Date).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { dateValue } from "./age.ts";
import { type ResponseDirectives, responseDirectives } from "./cache-control.ts";
import { withoutFields } from "./field-value.ts";
import { endToEndHeaders } from "./hop-by-hop.ts";
import { httpDate } from "./http-date.ts";

/**
 * "Caches MUST include all received response header fields -- including unrecognized ones --
 * when storing a response", but those about the connection or a proxy (§3.1), `Age`, which is
 * made anew whenever the response is used (§4), and what `no-cache` or `private` names: we
 * "MUST NOT" use the one without validation (§5.2.2.4) nor store the other (§5.2.2.7).
 *
 * Without a readable `Date` the arrival is written down: a recipient "MUST record the time it
 * was received and append a corresponding Date header field" (RFC 9110 §6.6.1).
 */
export function storedHeaders(
  headers: HeaderList,
  responseAt: number,
  said: ResponseDirectives = responseDirectives(headers),
): HeaderList {
  const dropped = new Set(["age", ...named(said.noCache), ...named(said.private)]);
  const isDated = dateValue(headers, responseAt) !== undefined;
  if (!isDated) dropped.add("date");
  const kept = withoutFields(endToEndHeaders(headers), dropped);
  return isDated ? kept : [...kept, ["Date", httpDate(responseAt)]];
}

function named(fields: ResponseDirectives["private"]): readonly string[] {
  return fields === undefined || fields === "all" ? [] : fields;
}
