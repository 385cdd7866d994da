/**
 * Log lines on standard output: for people on a terminal, else one JSON object a line.
 *
 * @module
 */
import * as Cause from "effect/Cause";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as References from "effect/References";
import type { Config } from "./config.ts";

const minimum = {
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  off: "None",
} as const;

type Line = Logger.Options<unknown>;

export function loggingLayer({ logFormat, logLevel }: Config) {
  // A reader of our output that goes away must not end the service.
  if (process.stdout.listenerCount("error") === 0) process.stdout.on("error", () => {});
  const format = logFormat ?? (process.stdout.isTTY ? "pretty" : "json");
  const write = (text: string) => void process.stdout.write(`${text}\n`);
  const logger = Logger.make((line: Line) =>
    write(format === "pretty" ? prettyLine(line) : jsonLine(line)),
  );
  return Layer.merge(
    Logger.layer([logger]),
    Layer.succeed(References.MinimumLogLevel, minimum[logLevel]),
  );
}

function partsOf({ date, logLevel, message, cause, fiber }: Line) {
  const messages = Array.isArray(message) ? message : [message];
  const annotations = fiber.getRef(References.CurrentLogAnnotations);
  const failure = cause.reasons.length === 0 ? undefined : Cause.pretty(cause);
  const texts = messages.map((part) =>
    part instanceof Error ? (part.stack ?? part.message) : String(part),
  );
  return {
    time: date.toISOString(),
    level: logLevel.toLowerCase(),
    text: texts.join(" "),
    annotations,
    failure,
  };
}

function jsonLine(line: Line): string {
  const { time, level, text, annotations, failure } = partsOf(line);
  return JSON.stringify({ time, level, message: text, ...annotations, error: failure });
}

/** Whatever strangers sent must not begin a line of its own, nor move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => encodeURIComponent(character));
}

function prettyLine(line: Line): string {
  const { time, level, text, annotations, failure } = partsOf(line);
  const pairs = Object.entries(annotations).map(
    ([name, value]) => `${name}=${printable(String(value))}`,
  );
  const head = [time.slice(11, 23), level.toUpperCase().padEnd(5), text, ...pairs].join(
    " ",
  );
  return failure === undefined ? head : `${head}\n${failure}`;
}
