/**
 * The quick checks, in order of their speed; stops at the first that fails.
 * Run by `scripts/run.mjs check`, under Bun.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
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
].map((name) => `./test/${name}`);

/** What was looked at before and has not changed is not looked at again. */
const INCREMENTAL = ["--incremental", "--tsBuildInfoFile", ".cache/types.tsbuildinfo"];

/** Those of one row run side by side. */
const checks = [
  [
    ["format", "node_modules/.bin/oxfmt", "--check"],
    ["lint", "node_modules/.bin/oxlint"],
  ],
  [
    ["types", "node_modules/.bin/tsc", "-p", ".", ...INCREMENTAL],
    ["tests", "test", "--timeout=60000", "--only-failures", ...quickTests],
  ],
];

for (const row of checks) {
  const codes = await Promise.all(row.map(check));
  const failed = codes.find((code) => code !== 0);
  if (failed !== undefined) process.exit(failed);
}

async function check([name, ...args]) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => (output += text));
  }
  const [status, signal] = await once(child, "close");
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const code = signal === null ? (status ?? 127) : 128 + constants.signals[signal];
  process.stdout.write(output);
  console.log(`${code === 0 ? "passed" : "FAILED"}  ${name}  ${seconds} s`);
  return code;
}
