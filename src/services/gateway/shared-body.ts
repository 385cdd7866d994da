/**
 * A body that goes to a client as it comes, and is kept whole besides.
 *
 * While it may still be kept it is taken at the upstream's pace, so that a slow client holds
 * up nobody who waits for the whole. Once it is too large to keep, it is taken at the
 * client's pace, and what the client has is let go.
 *
 * @module
 */
import type { BodyStream } from "./gateway-request.ts";
import { UpstreamBroken } from "../refresh/upstream-errors.ts";

/** `TooLarge`: longer than what is kept; the rest goes by. */
export type Whole =
  | { readonly _tag: "Whole"; readonly bytes: Uint8Array }
  | { readonly _tag: "TooLarge" }
  /** `isLate`: the upstream took too long. */
  | { readonly _tag: "Broken"; readonly isLate: boolean };

/** Bytes of bodies that are under way to the cache, all together. */
export interface FillRoom {
  /** `false`: there is not as much left, and nothing was taken. */
  readonly take: (bytes: number) => boolean;
  readonly give: (bytes: number) => void;
}

export function fillRoom(mostBytes: number): FillRoom {
  let left = mostBytes;
  return {
    take: (bytes) => {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
    give: (bytes) => {
      left += bytes;
    },
  };
}

export class SharedBody {
  /** Never rejects. */
  readonly whole: Promise<Whole>;

  #pieces: Uint8Array[] = [];
  /** The first piece that the client has not taken. */
  #next = 0;
  #state: "Coming" | "Ended" | "Broken" = "Coming";
  #failure: unknown;
  #isKept = true;
  #isLeft = false;
  #decide: (whole: Whole) => void = () => undefined;
  #wakeReader: () => void = () => undefined;
  #wakeWriter: () => void = () => undefined;

  /** Gives the rest of the body up, also while a piece is waited for. */
  readonly #discard: () => void;
  readonly #mostBytes: number;
  readonly #room: FillRoom;
  #taken = 0;

  /** `room` is for all bodies of the process; what finds none goes by. */
  constructor({ pieces, discard }: BodyStream, mostBytes: number, room: FillRoom) {
    this.#discard = discard;
    this.#mostBytes = mostBytes;
    this.#room = room;
    this.whole = new Promise((resolve) => {
      this.#decide = resolve;
    });
    void this.#take(pieces);
  }

  /** For the one client. Once all of it has come its end is held back by `keeping`. */
  async *read(keeping: () => Promise<unknown>): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const piece = this.#pieces[this.#next];
        if (piece !== undefined) {
          this.#forget();
          yield piece;
          continue;
        }
        if (this.#state === "Broken") throw this.#failure;
        if (this.#state === "Ended") {
          await keeping();
          return;
        }
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    } finally {
      this.leave();
    }
  }

  /** The client wants no more. What can be kept still comes. */
  leave(): void {
    this.#isLeft = true;
    if (!this.#isKept && this.#state === "Coming") this.#discard();
    this.#wakeWriter();
    this.#giveRoomBack();
  }

  /** Bytes that have come so far, where all of them are still at hand. */
  get taken(): number {
    return this.#taken;
  }

  /** It is not to be kept any longer; its client may go on reading. */
  letPass(): void {
    if (this.#state !== "Coming" || !this.#isKept) return;
    this.#isKept = false;
    this.#decide({ _tag: "TooLarge" });
    if (this.#isLeft) this.#discard();
  }

  /** Nobody wants it any more. */
  abandon(): void {
    this.#isKept = false;
    this.leave();
  }

  async #take(body: AsyncIterable<Uint8Array>): Promise<void> {
    let length = 0;
    try {
      for await (const piece of body) {
        length += piece.length;
        if (this.#isKept && !this.#hasRoom(length, piece)) {
          this.#isKept = false;
          this.#decide({ _tag: "TooLarge" });
        }
        this.#pieces.push(piece);
        this.#wakeReader();
        if (!(await this.#mayGoOn())) break;
      }
      this.#end(this.#isLeft && !this.#isKept ? "Broken" : "Ended");
    } catch (error) {
      this.#failure = error;
      this.#end("Broken");
    }
  }

  #hasRoom(length: number, piece: Uint8Array): boolean {
    if (length > this.#mostBytes || !this.#room.take(piece.length)) return false;
    this.#taken += piece.length;
    return true;
  }

  /** Once nobody holds the pieces any more. */
  #giveRoomBack(): void {
    if (this.#state === "Coming" || !this.#isLeft) return;
    this.#room.give(this.#taken);
    this.#taken = 0;
  }

  /** Waits for the client where nothing is kept; `false` once there is nobody to take it. */
  async #mayGoOn(): Promise<boolean> {
    while (!this.#isKept && !this.#isLeft && this.#next < this.#pieces.length) {
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve;
      });
    }
    return this.#isKept || !this.#isLeft;
  }

  #forget(): void {
    if (this.#isKept) {
      this.#next += 1;
      return;
    }
    const gone = this.#pieces.splice(0, this.#next + 1);
    this.#next = 0;
    // Those that came while it was to be kept are the first to go.
    const bytes = Math.min(this.#taken, lengthOf(gone));
    this.#room.give(bytes);
    this.#taken -= bytes;
    this.#wakeWriter();
  }

  #end(state: "Ended" | "Broken"): void {
    this.#state = state;
    if (state === "Ended" && this.#isKept) {
      const bytes = wholeOf(this.#pieces);
      // The client reads on from the whole: nothing is held twice.
      const at = lengthOf(this.#pieces.slice(0, this.#next));
      this.#pieces = at < bytes.length ? [bytes.subarray(at)] : [];
      this.#next = 0;
      this.#decide({ _tag: "Whole", bytes });
    } else this.#decide({ _tag: "Broken", isLate: isTimeout(this.#failure) });
    this.#wakeReader();
    this.#giveRoomBack();
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

function wholeOf(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

const isTimeout = (failure: unknown): boolean =>
  failure instanceof UpstreamBroken && failure.reason === "timeout";
