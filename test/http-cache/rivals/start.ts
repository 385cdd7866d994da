/**
 * Runs rivals: installs their packages where they are missing, and starts each in a folder of
 * its own, as nobody.
 *
 * @module
 */
import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { until } from "../../end-to-end/client.ts";
import type { Rival } from "./rival.ts";

const START_MILLIS = 30_000;
const STOP_MILLIS = 10_000;
/** Debian's user `nobody` and group `nogroup`. */
const NOBODY = 65_534;

/** Installs with Debian's package tool what is missing; that asks for root. */
export async function install(rivals: readonly Rival[]): Promise<void> {
  const missing: string[] = [];
  for (const { package: name } of rivals) {
    if ((await installedVersion(name)) === undefined) missing.push(name);
  }
  if (missing.length === 0) return;
  console.error(`Installing ${missing.join(", ")}`);
  const env = {
    PATH: process.env["PATH"] ?? "",
    DEBIAN_FRONTEND: "noninteractive",
    // None of them is to run by itself.
    RUNLEVEL: "1",
  };
  for (const command of [
    ["apt-get", "update", "-q"],
    ["apt-get", "install", "-q", "-y", "--no-install-recommends", ...missing],
  ]) {
    const child = Bun.spawn(command, { env, stdout: "ignore", stderr: "inherit" });
    if ((await child.exited) !== 0) throw new Error(`Failed: ${command.join(" ")}`);
  }
}

/** Such as `1.22.1-9+deb12u10`; `undefined` where it isn't installed. */
export async function installedVersion(name: string): Promise<string | undefined> {
  const query = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name];
  const child = Bun.spawn(query, { stdout: "pipe", stderr: "ignore" });
  const [status, version] = (await new Response(child.stdout).text()).split(" ");
  return status === "installed" ? version : undefined;
}

export interface RunningRival extends AsyncDisposable {
  readonly url: string;
}

/** Rejects with what it wrote when it ends, or doesn't answer in time. */
export async function startRival(
  rival: Rival,
  origin: { readonly port: number },
): Promise<RunningRival> {
  const isRoot = process.getuid?.() === 0;
  const folder = await mkdtemp(join(tmpdir(), `http-cache-${rival.id}-`));
  await chmod(folder, 0o755);
  const port = await freePort();
  const around = { folder, port, originPort: origin.port };
  const made = [folder];
  for (const [name, text] of Object.entries(await rival.files(around))) {
    const path = join(folder, name);
    await mkdir(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (!name.endsWith("/")) await Bun.write(path, text);
    made.push(path);
  }
  if (isRoot) for (const path of made) await chown(path, NOBODY, NOBODY);

  const asNobody = [
    "setpriv",
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    "--clear-groups",
  ];
  const child = Bun.spawn([...(isRoot ? asNobody : []), ...rival.command(around)], {
    cwd: folder,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: folder },
    stdin: "ignore",
    stdout: Bun.file(join(folder, "output")),
    stderr: Bun.file(join(folder, "complaints")),
  });
  const dispose = async () => {
    child.kill();
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MILLIS);
    await child.exited.finally(() => clearTimeout(timer));
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(
      () => (child.exitCode === null ? answers(url) : "ended"),
      (state) => state !== "silent",
      START_MILLIS,
    );
    if (child.exitCode !== null) throw new Error(`Ended with ${child.exitCode}`);
  } catch (error) {
    const said = await Bun.file(join(folder, "complaints")).text();
    await dispose();
    throw new Error(`Cannot run ${rival.title}: ${said.slice(-2_000)}`, { cause: error });
  }
  return { url, [Symbol.asyncDispose]: dispose };
}

/** Until the origin is reached, too: some refuse connections to it for a moment at the start. */
async function answers(url: string): Promise<"answers" | "silent"> {
  try {
    const answer = await fetch(`${url}/state/none`);
    await answer.arrayBuffer();
    return answer.status === 404 ? "answers" : "silent";
  } catch {
    return "silent";
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
