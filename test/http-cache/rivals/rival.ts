/**
 * A cache of somebody else's, from a Debian package, in front of the suite's origin server.
 *
 * @module
 */

/** Where one run of it finds and leaves everything. */
export interface Surroundings {
  /** Its own folder; it may write there. */
  readonly folder: string;
  /** To listen on, at 127.0.0.1. */
  readonly port: number;
  /** Of the origin server, at 127.0.0.1. */
  readonly originPort: number;
}

export interface Rival {
  /** Names the file of its results. */
  readonly id: string;
  readonly title: string;
  /** The Debian package that has the program. */
  readonly package: string;
  /** What its folder holds at the start, by name; a name that ends in `/` is a folder. */
  readonly files: (around: Surroundings) => Promise<Readonly<Record<string, string>>>;
  /** Runs in the foreground. */
  readonly command: (around: Surroundings) => readonly string[];
}
