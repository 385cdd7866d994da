/**
 * Runs Deno from this folder's own packages with the arguments given.
 *
 * @module
 */
import { denoProgram } from "./program.ts";

const child = Bun.spawnSync([denoProgram(), ...process.argv.slice(2)], {
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
});
process.exit(child.exitCode);
