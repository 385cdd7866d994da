/**
 * Where the demo writes: on a terminal with colours and a progress bar in the last line, else
 * plain lines.
 *
 * @module
 */
import type { WriteStream } from "node:tty";
import type { Label } from "./client.ts";

const BAR_CELLS = 30;
const CLEAR_LINE = "\r\u001b[2K";
const colours = { HIT: 32, STALE: 33, MISS: 36, bad: 31, dim: 2, bold: 1 };

export class Screen {
  readonly #out: WriteStream;
  readonly #live: boolean;
  readonly #coloured: boolean;
  #bar = "";

  constructor(out: WriteStream) {
    this.#out = out;
    this.#live = out.isTTY === true && process.env["TERM"] !== "dumb";
    this.#coloured = this.#live && !process.env["NO_COLOR"];
  }

  /** Adds a line that stays. */
  say(line = ""): void {
    this.#out.write(this.#live ? `${CLEAR_LINE}${line}\n${this.#bar}` : `${line}\n`);
  }

  /** Draws the bar anew; nothing where there is no terminal. */
  draw(share: number, text: string): void {
    if (!this.#live) return;
    const filled = Math.round(BAR_CELLS * share);
    const cells = "━".repeat(filled) + this.paint("dim", "─".repeat(BAR_CELLS - filled));
    const line = `  ${cells}  ${text}`;
    // A wrapped line can't be cleared.
    const columns = this.#out.columns || 80;
    this.#bar = BAR_CELLS + 4 + text.length < columns ? line : text.slice(0, columns - 1);
    this.#out.write(CLEAR_LINE + this.#bar);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#bar !== "") this.#out.write(CLEAR_LINE);
    this.#bar = "";
  }

  paint(colour: keyof typeof colours, text: string): string {
    return this.#coloured ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
  }

  /** A strip of `cells` cells, divided as the shares are. */
  strip(shares: Readonly<Record<Label, number>>, cells: number): string {
    const hits = Math.round(cells * shares.HIT);
    const misses = Math.round(cells * shares.MISS);
    const stale = Math.max(0, cells - hits - misses);
    return [
      this.paint("HIT", "█".repeat(hits)),
      this.paint("STALE", "▒".repeat(stale)),
      this.paint("MISS", "·".repeat(cells - hits - stale)),
    ].join("");
  }
}
