/**
 * The part of the demo that reads, and shows how it goes.
 *
 * @module
 */
import type { Client } from "./client.ts";
import type { Country } from "./countries.ts";
import type { Options } from "./options.ts";
import { readSteadily } from "./readers.ts";
import type { Screen } from "./screen.ts";
import { Story } from "./story.ts";
import { Tally } from "./tally.ts";
import { pathOf, type Upstream } from "./upstream.ts";
import { zipf } from "./zipf.ts";

const READS_PER_SECOND = 100;
const ZIPF_EXPONENT = 1.2;
const SEED = 1;
const DRAW_MILLIS = 200;
const STRIP_CELLS = 20;

interface Stage {
  readonly screen: Screen;
  readonly client: Client;
  readonly upstream: Upstream;
  /** The most asked for first. */
  readonly countries: readonly Country[];
  readonly options: Options;
  readonly ending: AbortSignal;
}

export async function runReaders(stage: Stage): Promise<Tally> {
  const { screen, client, upstream, countries, options, ending } = stage;
  const { seconds, perMinute } = options;
  const [first] = countries;
  const draw = zipf(countries.length, ZIPF_EXPONENT, SEED);
  const startedAt = performance.now();
  const story = new Story(screen, String(first?.facts["name"]), startedAt);
  const elapsed = () => (performance.now() - startedAt) / 1000;
  const tally = new Tally();
  let lately = new Tally();

  const read = async () => {
    const country = countries[draw()];
    if (country === undefined) return;
    try {
      const answer = await client.read(pathOf(country));
      if (answer.status === 200 && codeIn(answer.data) !== country.code) {
        throw new Error(`${answer.path} was answered with other data`);
      }
      for (const each of [tally, lately]) each.add(answer);
      if (country === first) story.add(answer);
    } catch (error) {
      if (!ending.aborted) tally.addFailure(String(error));
    }
  };

  const sayInterval = () => {
    const { HIT, STALE, MISS } = lately.shares();
    const part = (label: string, share: number) =>
      `${label} ${String(Math.round(share * 100)).padStart(3)} %`;
    const time = `${Math.round(elapsed())} s`.padStart(8);
    const strip = screen.strip({ HIT, STALE, MISS }, STRIP_CELLS);
    const parts = [part("HIT", HIT), part("STALE", STALE), part("MISS", MISS)].join("  ");
    const calls = `${upstream.counters().lastMinute}/${perMinute}`;
    screen.say(`${time}  ${strip}  ${parts}   ${calls} calls`);
    lately = new Tally();
  };

  screen.say();
  screen.say(
    [
      `  ${READS_PER_SECOND} reads a second:`,
      `${screen.paint("HIT", "█")} fresh, ${screen.paint("STALE", "▒")} past its TTL,`,
      `${screen.paint("MISS", "·")} not stored yet; upstream calls per minute`,
    ].join(" "),
  );
  const drawing = setInterval(() => {
    const at = elapsed();
    const { lastMinute } = upstream.counters();
    screen.draw(
      Math.min(1, at / seconds),
      `${Math.floor(at)}/${seconds} s  ${tally.reads} reads  ${lastMinute}/${perMinute} calls`,
    );
  }, DRAW_MILLIS);
  const saying = setInterval(sayInterval, Math.min(10, seconds / 3) * 1000);
  try {
    await readSteadily({ perSecond: READS_PER_SECOND, seconds, read, stop: ending });
  } catch (error) {
    throw ending.aborted ? ending.reason : error;
  } finally {
    clearInterval(drawing);
    clearInterval(saying);
    screen.clear();
  }
  // The last interval may have ended a moment ago.
  if (lately.reads >= READS_PER_SECOND / 2) sayInterval();
  return tally;
}

function codeIn(data: unknown): unknown {
  return typeof data === "object" && data !== null && "code" in data
    ? data.code
    : undefined;
}
