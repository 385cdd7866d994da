/**
 * Runs the programs of this folder's packages.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

export const folder = fileURLToPath(new URL(".", import.meta.url));

/** The command line that runs `program` of this folder's packages with `args`. */
export const commandOf = (program: string, ...args: readonly string[]) => [
  process.execPath,
  `${folder}node_modules/.bin/${program}`,
  ...args,
];

/** What programs find in their environment: nothing that makes them look for updates or phone home. */
export const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "",
  NO_COLOR: "1",
  SCARF_ANALYTICS: "false",
};

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly complaints: string;
}

/** Runs `command` to its end. */
export async function ended(command: readonly string[]): Promise<Ended> {
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: environment,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, output, complaints] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code, output, complaints };
}
