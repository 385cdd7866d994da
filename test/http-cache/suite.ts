/**
 * The public suite of HTTP caches (npm `http-cache-tests`), as programs of Node.js: its origin
 * server, and its client against any cache in front of that.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { inTime } from "../end-to-end/processes.ts";

export const folder = fileURLToPath(new URL(".", import.meta.url));
export const suiteVersion: string = JSON.parse(
  await Bun.file(`${folder}package.json`).text(),
).dependencies["http-cache-tests"];

const START_MILLIS = 60_000;

/** What a test asks: what a standard demands, what it allows for good, or what one likes to know. */
export type Kind = "required" | "optimal" | "check";

export interface Outcome {
  /** The group of tests. */
  readonly suite: string;
  readonly kind: Kind;
  /** `pass`, `yes` (of a check) or one of the words in `suite.mjs`. */
  readonly result: string;
  readonly detail?: string;
}

/** By the test's id. */
export type Outcomes = Readonly<Record<string, Outcome>>;

export interface Origin extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** The suite's origin server on a free port. Rejects when it ends instead of listening. */
export async function startOrigin(): Promise<Origin> {
  const child = node("origin.mjs");
  const complaints = new Response(child.stderr).text();
  const dispose = async () => {
    child.kill();
    await child.exited;
  };
  try {
    const url = await inTime(addressIn(child.stdout), START_MILLIS, "No origin server");
    if (url === undefined) throw new Error(`No origin server: ${await complaints}`);
    return { url, port: Number(new URL(url).port), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/**
 * Runs the tests named, or all, against the cache at `base`. Rejects when the program fails or
 * takes longer than `millis`.
 */
export async function runSuite(
  base: string,
  millis: number,
  ids: readonly string[] = [],
): Promise<Outcomes> {
  const child = node("suite.mjs", base, ...ids);
  try {
    const ended = Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const [output, complaints, code] = await inTime(ended, millis, "The suite runs on");
    if (code !== 0) throw new Error(`The suite ended with ${code}: ${complaints}`);
    return JSON.parse(output);
  } finally {
    child.kill();
    await child.exited;
  }
}

function node(program: string, ...args: readonly string[]) {
  return Bun.spawn(["node", "--no-warnings", program, ...args], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "" },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** The address that is told in `output`, which is read to its end all the same. */
function addressIn(output: ReadableStream<Uint8Array>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const listen = async () => {
      const decoder = new TextDecoder();
      let text = "";
      let url: string | undefined;
      for await (const chunk of output) {
        if (url !== undefined) continue;
        text += decoder.decode(chunk, { stream: true });
        [, url] = /^listening (\S+)\n/m.exec(text) ?? [];
        if (url !== undefined) resolve(url);
      }
    };
    void listen().finally(() => resolve(undefined));
  });
}
