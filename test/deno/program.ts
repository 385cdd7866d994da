/**
 * Where the package of Deno for this platform has its program.
 *
 * @module
 */
import { Glob } from "bun";
import { fileURLToPath } from "node:url";

export function denoProgram(): string {
  const packages = fileURLToPath(new URL("./node_modules/@deno", import.meta.url));
  const [program] = [...new Glob("*/deno").scanSync({ cwd: packages, absolute: true })];
  if (program === undefined)
    throw new Error("Cannot find Deno: run bun install in test/deno");
  return program;
}
