/**
 * Prism as a proxy that holds every request and every answer against the document.
 *
 * @module
 */
import { inTime } from "../end-to-end/processes.ts";
import { documentPath } from "./document.ts";
import { commandOf, environment, folder } from "./tools.ts";

const START_MILLIS = 120_000;

export interface Prism extends AsyncDisposable {
  readonly url: string;
}

/** Starts Prism in front of `upstream`. It answers 500 in the place of an answer that is not as described. */
export async function startPrism(upstream: string): Promise<Prism> {
  const child = Bun.spawn(
    commandOf(
      "prism",
      "proxy",
      documentPath,
      upstream,
      "--errors",
      "--host=127.0.0.1",
      "--port=0",
    ),
    { cwd: folder, env: environment, stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  const stop = async () => {
    child.kill();
    await child.exited;
  };
  const url = await inTime(
    listeningAt(child.stdout),
    START_MILLIS,
    "Prism still starts",
  ).catch(async (error) => {
    await stop();
    throw error;
  });
  return { url, [Symbol.asyncDispose]: stop };
}

/** `fetch`, rejecting with Prism's own words where it found a violation. */
export async function fetchUnviolated(request: Request): Promise<Response> {
  const response = await fetch(request);
  const told = response.headers.get("sl-violations");
  if (told !== null) throw violation(request, told);
  if (response.headers.get("content-type")?.startsWith("application/problem+json")) {
    const text = await response.clone().text();
    if (text.includes("stoplight.io/prism/errors")) throw violation(request, text);
  }
  return response;
}

const violation = ({ method, url }: Request, told: string) =>
  new Error(`${method} ${new URL(url).pathname}: ${told}`);

/** Goes on reading afterwards, so that Prism can go on writing. */
function listeningAt(output: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = "";
    const read = async () => {
      for await (const piece of output) {
        text += decoder.decode(piece, { stream: true });
        const found = /listening on (http:\S+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      }
      reject(new Error(`Prism ended before it listened: ${text}`));
    };
    read().catch(reject);
  });
}
