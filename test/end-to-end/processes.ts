/**
 * Real processes of the service, started as a user starts them: `src/main.ts` and
 * `src/worker.ts`, with nothing in the environment but what is given.
 *
 * A process that is disposed of while it runs is asked to stop; one that does not end
 * with code 0 then is an error, and is killed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { movingClock, timed } from "../support/moving-clock.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const START_MILLIS = 60_000;
const STOP_MILLIS = 40_000;

export type StopSignal = "SIGTERM" | "SIGINT" | "SIGHUP";
export type Environment = Readonly<Record<string, string>>;

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** What it wrote to standard output so far. */
  output(): string;
  /** What it wrote to standard error so far. */
  complaints(): string;
  /** The exit code; 128 and more for a signal. */
  readonly exited: Promise<number>;
  signal(name: StopSignal): void;
  /**
   * Stops it and gives how many milliseconds that took, on a machine that does not stop
   * itself. Rejects unless the code is 0.
   */
  stop(name?: StopSignal): Promise<number>;
  /** Ends it without warning. */
  kill(): Promise<void>;
}

export interface RunningApi extends RunningProcess {
  readonly url: string;
}

/** The API on a free port. Rejects when it ends instead of listening. */
export async function startApi(environment: Environment): Promise<RunningApi> {
  const launched = launch("src/main.ts", environment);
  const [, url = ""] = await launched.says(/^ {2}listening {3}(http:\/\/\S+)$/m);
  return { ...launched.running, url: await inFrontOf(url) };
}

/**
 * The address of what stands in front of the API at `url`: of the API itself, unless
 * `UC_TEST_FRONTS` is where `test/openapi/fronts.ts` is asked for a proxy.
 */
async function inFrontOf(url: string): Promise<string> {
  const fronts = process.env["UC_TEST_FRONTS"];
  if (fronts === undefined) return url;
  const answer = await fetch(fronts, { method: "POST", body: url });
  if (!answer.ok) throw new Error(`Nothing in front of ${url}: ${answer.status}`);
  return answer.text();
}

/** A collection worker of its own. */
export async function startWorker(environment: Environment): Promise<RunningProcess> {
  const launched = launch("src/worker.ts", environment);
  await launched.says(/worker: collecting$/m);
  return launched.running;
}

export interface FailedStart {
  readonly code: number;
  readonly output: string;
  readonly complaints: string;
  readonly millis: number;
}

/** For a start that is expected to fail: how the process ended. */
export async function endOfStart(
  environment: Environment,
  program = "src/main.ts",
): Promise<FailedStart> {
  const { running } = launch(program, environment);
  const { value: code, millis } = await timed({}, () =>
    inTime(running.exited, START_MILLIS, "Still runs").catch(async (error) => {
      await running.kill();
      throw error;
    }),
  );
  return { code, output: running.output(), complaints: running.complaints(), millis };
}

/** Starts `program` without waiting for anything. */
export function launch(program: string, environment: Environment) {
  const child = Bun.spawn([process.execPath, program], {
    cwd: root,
    env: {
      PATH: process.env["PATH"] ?? "",
      PORT: "0",
      UC_UPSTREAM_ALLOW_CIDRS: "127.0.0.0/8",
      UC_LOG: "json",
      UC_LOG_LEVEL: "warn",
      ...environment,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let output = "";
  let complaints = "";
  const heard = new Set<() => void>();
  const listened = Promise.all([
    follow(child.stdout, (text) => {
      output += text;
      for (const look of heard) look();
    }),
    follow(child.stderr, (text) => (complaints += text)),
  ]);
  // What was said last is heard before the end is known.
  const exited = listened.then(() => child.exited);

  const stop = async (name: StopSignal = "SIGTERM") => {
    using clock = movingClock();
    child.kill(name);
    const code = await inTime(exited, STOP_MILLIS, `Runs on after ${name}`);
    if (code !== 0) throw new Error(`Ended with ${code} after ${name}: ${complaints}`);
    return clock.now();
  };
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  const running: RunningProcess = {
    pid: child.pid,
    output: () => output,
    complaints: () => complaints,
    exited,
    signal: (name) => child.kill(name),
    stop,
    kill,
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      await stop().finally(kill);
    },
  };
  /** Waits until the output matches; rejects when the process ends first. */
  const says = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const matched = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output);
        if (match !== null) resolve(match);
      };
      heard.add(look);
      look();
      void exited.then((code) =>
        reject(new Error(`Ended with ${code} at the start: ${complaints}`)),
      );
    });
    return inTime(matched, START_MILLIS, "Still starts").catch(async (error) => {
      await kill();
      throw error;
    });
  };
  return { running, says };
}

async function follow(
  stream: ReadableStream<Uint8Array>,
  hear: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) hear(decoder.decode(chunk, { stream: true }));
}

/** `promise`, or a rejection after `millis`. */
export async function inTime<A>(
  promise: Promise<A>,
  millis: number,
  complaint: string,
): Promise<A> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${complaint} after ${millis} ms`)),
      millis,
    );
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
