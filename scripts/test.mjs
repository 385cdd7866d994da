/**
 * The whole suite, or what the arguments of `bun test` choose of it.
 * Run by `scripts/run.mjs test`, under Bun.
 *
 * The whole goes in parts: what is bound by the processor, two files at a time; then real
 * processes and faults, which wait more than they do, likewise; then, alone, what tells by the
 * hundredth of a second.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const PROCESSES = ["end-to-end", "faults"];
const ALONE = ["end-to-end/quota-burst.test.ts"];
/** Folders that hold no tests, or are run by `.ci/run` with packages of their own. */
const OTHERS = ["deno", "http-cache", "openapi", "support"];

/**
 * A test that is late for this takes along the processes that its file has started, the shared
 * PostgreSQL too, so only one that hangs may be: what has to be quick says so itself.
 */
const PATIENCE = "--timeout=60000";

const args = process.argv.slice(2);
if (args.length > 0) process.exit((await run(args)).code);

const PAIRED = ["--parallel=2", "--no-isolate"];
const quick = testsIn("").filter((name) => ![...PROCESSES, ...OTHERS].includes(name));
const processes = PROCESSES.flatMap((folder) =>
  testsIn(folder).map((name) => `${folder}/${name}`),
).filter((name) => !ALONE.includes(name));

const parts = [
  await run([...PAIRED, ...paths(quick)]),
  await run([...PAIRED, ...paths(processes)]),
  await run(paths(ALONE)),
];
const sum = (count) => parts.reduce((total, part) => total + part[count], 0);
console.log(`\nIn all parts:\n ${sum("passed")} pass\n ${sum("failed")} fail`);
process.exit(parts.find(({ code }) => code !== 0)?.code ?? 0);

/** Folders, and files of tests. */
function testsIn(folder) {
  const place = new URL(`../test/${folder}`, import.meta.url);
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(".test.ts"))
    .map(({ name }) => name);
}

function paths(names) {
  return names.map((name) => `./test/${name}`);
}

/** Hands the output on as it comes, and counts by its last lines. */
async function run(testArgs) {
  const child = spawn(process.execPath, ["test", PATIENCE, ...testArgs], {
    cwd: root,
    stdio: ["inherit", "pipe", "pipe"],
  });
  const forward = (name) => child.kill(name);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, forward);
  let end = "";
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    from.setEncoding("utf8").on("data", (text) => {
      to.write(text);
      end = (end + text).slice(-4_000);
    });
  }
  const [status, signal] = await once(child, "close");
  const count = (word) =>
    Number([...end.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
  const code = signal === null ? (status ?? 127) : 128 + constants.signals[signal];
  return { code, passed: count("pass"), failed: count("fail") };
}
