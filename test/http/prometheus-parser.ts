/**
 * A strict reader of Prometheus' text format 0.0.4: what a scraper could refuse or take for
 * something else throws.
 *
 * @module
 */

export interface ParsedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

export interface ParsedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"`;
const helpLine = new RegExp(String.raw`^# HELP (${NAME}) ((?:[^\\]|\\[\\n])+)$`);
const typeLine = new RegExp(`^# TYPE (${NAME}) (counter|gauge)$`);
const sampleLine = new RegExp(
  String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? ([^ ]+)$`,
);
const number = /^(?:NaN|[+-]Inf|-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

/** Families by name. Each must be one group of help, type and samples, and come once. */
export function parsePrometheus(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  if (!text.endsWith("\n")) throw new Error("The last line does not end");
  const lines = text.slice(0, -1).split("\n");
  while (lines.length > 0) {
    const [, name = "", help = ""] = matched(helpLine, lines.shift());
    const [, typed, type = ""] = matched(typeLine, lines.shift());
    if (typed !== name)
      throw new Error(`The type of ${typed} follows the help of ${name}`);
    if (families.has(name)) throw new Error(`${name} comes twice`);
    if ((type === "counter") !== name.endsWith("_total")) {
      throw new Error(`${name} is not named as a ${type} is`);
    }
    const samples: ParsedSample[] = [];
    while (lines[0] !== undefined && !lines[0].startsWith("#")) {
      samples.push(parseSample(name, type, lines.shift()));
    }
    const kinds = samples.map(({ labels }) => JSON.stringify(Object.entries(labels)));
    if (new Set(kinds).size !== kinds.length)
      throw new Error(`${name} has one sample twice`);
    families.set(name, { type, help: unescape(help), samples });
  }
  return families;
}

function parseSample(name: string, type: string, line: string | undefined): ParsedSample {
  const match = matched(sampleLine, line);
  if (match[1] !== name)
    throw new Error(`${match[1]} stands among the samples of ${name}`);
  const pairs = [...(match[2] ?? "").matchAll(new RegExp(LABEL, "g"))].map(
    ([, label = "", value = ""]) => [label, unescape(value)] as const,
  );
  const labels = Object.fromEntries(pairs);
  if (Object.keys(labels).length !== pairs.length)
    throw new Error(`A label comes twice: ${line}`);
  if (pairs.some(([label]) => label.startsWith("__")))
    throw new Error(`A label is reserved: ${line}`);
  const written = match.at(-1) ?? "";
  if (!number.test(written)) throw new Error(`Not a number: ${line}`);
  const value = Number(written.replace("Inf", "Infinity"));
  if (type === "counter" && !(value >= 0))
    throw new Error(`A counter is below 0: ${line}`);
  return { labels, value };
}

function matched(pattern: RegExp, line: string | undefined): RegExpExecArray {
  const match = pattern.exec(line ?? "");
  if (match === null) throw new Error(`Cannot read the line ${JSON.stringify(line)}`);
  return match;
}

const unescape = (text: string) =>
  text.replaceAll(/\\(.)/g, (_, one) => (one === "n" ? "\n" : one));
