/**
 * The table at the end, and whether what was promised was kept.
 *
 * @module
 */
import type { Options } from "./options.ts";
import type { Screen } from "./screen.ts";
import type { Tally } from "./tally.ts";
import { type Counters, UPSTREAM_LATENCY_MILLIS } from "./upstream.ts";

const NAME_WIDTH = 44;

/** Prints the table; gives whether every read went well and the limit was kept. */
export function report(
  screen: Screen,
  { perMinute }: Options,
  tally: Tally,
  counters: Counters,
): boolean {
  const { received, unchanged, refused, mostInAnyMinute } = counters;
  const { reads, keys, failures } = tally;
  const fromCache = tally.count("HIT") + tally.count("STALE");
  const share = (count: number) => `${((count / Math.max(1, reads)) * 100).toFixed(1)} %`;
  const row = (name: string, value: number | string, note = "") => {
    const text = typeof value === "number" ? counted(value) : value;
    const end = note === "" ? "" : `  ${screen.paint("dim", note)}`;
    screen.say(`  ${name.padEnd(NAME_WIDTH)}${text.padStart(9)}${end}`);
  };
  const line = () => screen.say(`  ${"─".repeat(NAME_WIDTH + 9)}`);

  screen.say();
  row("Reads served", reads - failures.length, `of ${counted(keys)} keys`);
  row("  from cache, fresh (HIT)", tally.count("HIT"), share(tally.count("HIT")));
  row(
    "  from cache, past its TTL (STALE)",
    tally.count("STALE"),
    share(tally.count("STALE")),
  );
  row("  not stored yet (MISS, 202)", tally.count("MISS"), share(tally.count("MISS")));
  row("Share answered from cache", share(fromCache));
  row(
    "Half of these answered within",
    millis(tally.quantile(0.5)),
    `99 % within ${millis(tally.quantile(0.99))}; the upstream takes ${UPSTREAM_LATENCY_MILLIS} ms`,
  );
  line();
  row("Upstream calls made", received, `${counted(unchanged)} of them answered 304`);
  row("Reads per upstream call", (reads / Math.max(1, received)).toFixed(1));
  row("Limit: calls in any minute", perMinute);
  row("Most calls in any minute, counted upstream", mostInAnyMinute);
  row("Calls refused by the upstream (429)", refused);
  if (failures.length > 0) row("Reads failed", failures.length);
  screen.say();

  const kept = refused === 0 && mostInAnyMinute <= perMinute;
  const verdicts = [
    kept ? "The limit was kept" : "The limit was NOT kept",
    failures.length === 0 ? "every read was answered" : `reads failed: ${failures[0]}`,
  ];
  const good = kept && failures.length === 0;
  screen.say(`  ${screen.paint(good ? "HIT" : "bad", verdicts.join(", "))}`);
  return good;
}

const counted = (value: number) => value.toLocaleString("en-US");

const millis = (value: number) => `${value.toFixed(1)} ms`;
