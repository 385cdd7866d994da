/**
 * The quick checks, in order of their speed; stops at the first that fails.
 * Run by `scripts/run.mjs check`, under Bun.
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Tests that tell most in little time; `npm test` runs all. */
const quickTests = [
  ...readdirSync(new URL("../test", import.meta.url)).filter((name) =>
    name.endsWith(".ts"),
  ),
  "domain",
  "adapters/upstream",
  "adapters/postgres/gate.test.ts",
  "adapters/postgres/task-queue.test.ts",
  "http/bad-input.test.ts",
  "http/routes.test.ts",
  "http/sources.test.ts",
].map((name) => `./test/${name}`);

const checks = [
  ["format", "node_modules/.bin/oxfmt", "--check"],
  ["lint", "node_modules/.bin/oxlint"],
  ["types", "node_modules/.bin/tsc", "--noEmit", "-p", "."],
  ["tests", "test", ...quickTests],
];

for (const [name, ...args] of checks) {
  const startedAt = performance.now();
  const { status, signal } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: "inherit",
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const code = signal === null ? (status ?? 127) : 128 + constants.signals[signal];
  console.log(`${code === 0 ? "passed" : "FAILED"}  ${name}  ${seconds} s`);
  if (code !== 0) process.exit(code);
}
