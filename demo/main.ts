/**
 * The demo: thousands of reads through Uni-Cache, of an upstream that allows few calls.
 *
 * Starts a small rate-limited API and a real Uni-Cache in front of it, reads a few hundred
 * keys with Zipf-like demand, and ends with what the upstream itself counted.
 *
 * Usage: npm run demo -- [--seconds N] [--per-minute N]
 *
 * @module
 */
import { Client } from "./client.ts";
import { loadCountries } from "./countries.ts";
import { BadOption, readOptions, type Options } from "./options.ts";
import { runReaders } from "./run-readers.ts";
import { report } from "./report.ts";
import { Screen } from "./screen.ts";
import { startService } from "./service.ts";
import { startUpstream } from "./upstream.ts";

const stop = new AbortController();
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const screen = new Screen(process.stdout);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // A terminal's Ctrl-C may arrive twice; whatever comes, it ends in order.
  process.on(signal, () => {
    process.exitCode ??= exitCodes[signal];
    stop.abort(new Error(`Stopped by ${signal}`));
  });
}

// As in `npm run demo | head`.
process.stdout.on("error", (error) => stop.abort(error));

let good = false;
try {
  good = await runDemo(readOptions(process.argv.slice(2)));
} catch (error) {
  screen.clear();
  // What breaks off after a stop signal does so because of it.
  const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
  process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`);
  if (error instanceof BadOption) process.exitCode = 2;
}
process.exit(process.exitCode ?? (good ? 0 : 1));

/** Gives whether every read went well and the limit was kept; leaves nothing behind. */
async function runDemo(options: Options): Promise<boolean> {
  const { seconds, perMinute } = options;
  const countries = await loadCountries();
  // Even a short run goes through several lifetimes.
  const ttlSeconds = Math.min(20, Math.max(1, Math.floor(seconds / 4)));
  await using upstream = await startUpstream(countries, perMinute);
  screen.say(screen.paint("bold", `Uni-Cache demo: about ${seconds + 5} seconds`));
  screen.say(`  upstream    ${upstream.url}  facts about ${countries.length} countries`);
  screen.say(`  its limit   ${perMinute} calls in any 60 s; answers 429 beyond it`);
  await using service = await startService(stop.signal);
  const ending = AbortSignal.any([stop.signal, service.ended]);
  const client = new Client(service.url, service.token, ending);
  await client.register({
    base_url: upstream.url,
    key_template: "/v1/countries/{{code}}",
    rate_limit: { per_minute: perMinute },
    cache_ttl_s: ttlSeconds,
    stale_while_revalidate_s: 3_600,
  });
  screen.say(`  Uni-Cache   ${service.url}  answers are fresh for ${ttlSeconds} s`);
  const tally = await runReaders({
    screen,
    client,
    upstream,
    countries,
    options,
    ending,
  });
  return report(screen, options, tally, upstream.counters());
}
