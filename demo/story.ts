/**
 * What the readers of one key see, told at each change.
 *
 * @module
 */
import type { Label, Read } from "./client.ts";
import type { Screen } from "./screen.ts";

export class Story {
  readonly #screen: Screen;
  readonly #name: string;
  readonly #startedAt: number;
  #last: Read | undefined;

  /** `startedAt`: milliseconds of the clock of `performance`. */
  constructor(screen: Screen, name: string, startedAt: number) {
    this.#screen = screen;
    this.#name = name;
    this.#startedAt = startedAt;
  }

  add(read: Read): void {
    const { label, status, ageSeconds } = read;
    const before = this.#last;
    // A read that was overtaken by another says nothing new.
    if (before !== undefined && read.startedAt < before.endedAt) return;
    if (label === before?.label) return;
    this.#last = read;
    const seconds = (read.endedAt - this.#startedAt) / 1000;
    const time = `${seconds.toFixed(1)} s`.padStart(8);
    const state = this.#screen.paint(label, label.padEnd(5));
    const age = ageSeconds === undefined ? "no data" : `age ${ageSeconds} s`;
    const told = `${time}  ${this.#name}  ${status} ${state}  ${age.padEnd(8)}`;
    this.#screen.say(
      `${told}  ${this.#screen.paint("dim", meaning(before?.label, label))}`,
    );
  }
}

function meaning(before: Label | undefined, label: Label): string {
  switch (label) {
    case "MISS":
      return "refresh queued, first in line";
    case "STALE":
      return "served at once, refresh queued";
    case "HIT":
      return before === "STALE" ? "refreshed" : "stored";
  }
}
