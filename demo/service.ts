/**
 * Uni-Cache as a process of its own, as `npm start` starts it, in a folder that goes with it.
 *
 * @module
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** Above what the service takes to make a database and listen. */
const START_MILLIS = 60_000;
/** Above what it takes to finish what runs. */
const STOP_MILLIS = 20_000;
const KEPT_CHARACTERS = 4_000;

export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  /** Aborts when the process ends by itself. */
  readonly ended: AbortSignal;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Rejects when the process ends before it listens. A stop while it starts is heeded once it
 * listens: from then on it can end in order.
 */
export async function startService(stop: AbortSignal): Promise<Service> {
  const token = `demo_${randomBytes(16).toString("hex")}`;
  const folder = await mkdtemp(join(tmpdir(), "uni-cache-demo-"));
  // Root's database server runs under another account, which must pass through.
  if (process.getuid?.() === 0) await chmod(folder, 0o755);
  const root = fileURLToPath(new URL("..", import.meta.url));
  const child = spawn(process.execPath, [join("src", "main.ts")], {
    cwd: root,
    env: environment(join(folder, "data"), token),
    stdio: ["ignore", "pipe", "pipe"],
    // Out of reach of a terminal's Ctrl-C: it is stopped from here, last.
    detached: true,
  });
  const close = async () => {
    await end(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { url, ended } = await listening(child);
    stop.throwIfAborted();
    return { url, token, ended, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing that is set for another Uni-Cache may reach this one. */
function environment(dataDir: string, token: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("UC_") && name !== "DATABASE_URL",
  );
  return {
    ...Object.fromEntries(others),
    HOST: "127.0.0.1",
    PORT: "0",
    UC_DATA_DIR: dataDir,
    UC_ADMIN_TOKEN: token,
    UC_UPSTREAM_ALLOW_CIDRS: "127.0.0.0/8",
    UC_LOG: "json",
    UC_LOG_LEVEL: "warn",
  };
}

function listening(child: Child) {
  let said = "";
  const ended = new AbortController();
  return new Promise<{ url: string; ended: AbortSignal }>((resolve, reject) => {
    const fail = (how: string) => {
      clearTimeout(timer);
      const error = new Error(`Uni-Cache ${how}\n${said}`.trimEnd());
      ended.abort(error);
      reject(error);
    };
    const seconds = START_MILLIS / 1000;
    const timer = setTimeout(
      () => fail(`doesn't listen after ${seconds} s`),
      START_MILLIS,
    );
    const hear = (chunk: string) => {
      said = (said + chunk).slice(-KEPT_CHARACTERS);
      const url = /listening +(\S+)\n/.exec(said)?.[1];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve({ url, ended: ended.signal });
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("error", (error) => fail(`could not be started: ${error.message}`));
    child.once("exit", (code, signal) => fail(`ended with ${signal ?? code}`));
  });
}

async function end(child: Child): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
    return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MILLIS);
  await exited;
  clearTimeout(timer);
}
