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
  #last: Label | undefined;

  constructor(screen: Screen, name: string) {
    this.#screen = screen;
    this.#name = name;
  }

  add({ label, status, ageSeconds }: Read, atSeconds: number): void {
    if (label === this.#last) return;
    const before = this.#last;
    this.#last = label;
    const time = `${atSeconds.toFixed(1)} s`.padStart(8);
    const state = this.#screen.paint(label, label.padEnd(5));
    const age = ageSeconds === undefined ? "no data" : `age ${ageSeconds} s`;
    const told = `${time}  ${this.#name}  ${status} ${state}  ${age.padEnd(8)}`;
    this.#screen.say(`${told}  ${this.#screen.paint("dim", meaning(before, label))}`);
  }
}

function meaning(before: Label | undefined, label: Label): string {
  switch (label) {
    case "MISS":
      return "nothing stored yet; a refresh is queued first in line";
    case "STALE":
      return "past its TTL: served at once, a refresh is queued behind it";
    case "HIT":
      return before === "STALE" ? "refreshed" : "stored; fresh from here on";
  }
}
