/**
 * Runs one of the package's commands on a machine that has Node.js or Bun and nothing else:
 * finds or installs Bun, installs missing packages, then hands over to the program.
 *
 * Usage: node scripts/run.mjs <command> [argument…]
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BUN_VERSION = "1.4.4";
const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, ".cache");

/** What each command hands to Bun; `production` needs no development packages. */
const commands = {
  start: { bun: ["src/main.ts"], production: true, bundled: true },
  worker: { bun: ["src/worker.ts"], production: true, bundled: true },
  dev: { bun: ["--watch", "src/main.ts"] },
  test: { bun: ["scripts/test.mjs"] },
  check: { bun: ["scripts/check.mjs"] },
  demo: { bun: ["demo/main.ts"], folders: ["demo"] },
  fmt: { bun: ["node_modules/.bin/oxfmt"] },
  openapi: { bun: ["scripts/write-openapi.ts"] },
  "http-cache": { bun: ["test/http-cache/measure.ts"], folders: ["test/http-cache"] },
  "db:generate": { bun: ["node_modules/.bin/drizzle-kit", "generate"] },
};

const [name = "", ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) {
  fail(`Cannot run "${name}": the commands are ${Object.keys(commands).join(", ")}`);
}
const {
  bun: command,
  production = false,
  bundled = false,
  folders = [],
} = commands[name];

const bun = await findBun();
for (const folder of [root, ...folders.map((path) => join(root, path))]) {
  await installPackages(bun, folder, production);
}
const [program, ...more] = command;
const entry = bundled ? await bundleOf(bun, program) : program;
process.exit(await run(bun, [entry, ...more, ...args], "inherit"));

// Bun itself

async function findBun() {
  // As a stand-in for node, Bun is reached by a link of that name and would behave like node.
  const own = realpathSync(process.execPath);
  if (isRecent(process.versions.bun) && basename(own).startsWith("bun")) return own;
  if (isRecent(versionOf("bun"))) return "bun";

  const home = join(cache, "bun");
  const installed = installedBun(home);
  if (installed !== undefined) return installed;
  const program = join(home, "node_modules", bunPackage(), "bin", "bun");
  if (versionOf(program) === BUN_VERSION) return noteInstalled(home, program);
  await whileLocked(async () => {
    if (versionOf(program) !== BUN_VERSION) await installBun(home);
  });
  return versionOf(program) === BUN_VERSION ? noteInstalled(home, program) : program;
}

/** Told by a note of a whole installation: to ask the program, or what suits the system, costs a start. */
function installedBun(home) {
  try {
    const { version, program } = JSON.parse(
      readFileSync(join(home, ".installed"), "utf8"),
    );
    return version === BUN_VERSION && existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

function noteInstalled(home, program) {
  const note = JSON.stringify({ version: BUN_VERSION, program });
  try {
    writeFileSync(join(home, ".installed"), note);
  } catch {
    // Then it is asked again the next time.
  }
  return program;
}

async function installBun(home) {
  const wanted = `${bunPackage()}@${BUN_VERSION}`;
  console.error(`Installing ${wanted}`);
  if (versionOf("npm") === undefined) {
    fail(
      `Cannot install ${wanted}: npm is not on the path; install Bun ${BUN_VERSION} or npm`,
    );
  }
  mkdirSync(home, { recursive: true });
  const flags = [
    "--no-save",
    "--no-package-lock",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
  ];
  const code = await run(
    "npm",
    ["install", ...flags, "--loglevel=error", "--prefix", home, wanted],
    ["ignore", "ignore", "inherit"],
  );
  if (code !== 0) fail(`Cannot install ${wanted}: npm exited with ${code}`, code);
}

function bunPackage() {
  const cpu = process.arch === "arm64" ? "aarch64" : process.arch;
  const musl = process.platform === "linux" && !hasGlibc() ? "-musl" : "";
  const baseline = process.arch === "x64" && lacksAvx2() ? "-baseline" : "";
  return `@oven/bun-${process.platform}-${cpu}${musl}${baseline}`;
}

function hasGlibc() {
  // Without this the report looks up the names of open connections.
  process.report.excludeNetwork = true;
  return Boolean(process.report.getReport().header.glibcVersionRuntime);
}

function lacksAvx2() {
  if (process.platform === "darwin") {
    const features = ["-n", "machdep.cpu.leaf7_features"];
    const { status, stdout } = spawnSync("sysctl", features, { encoding: "utf8" });
    return status === 0 && !/\bAVX2\b/.test(stdout);
  }
  try {
    return !/^flags\s*:.*\bavx2\b/m.test(readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return false;
  }
}

function versionOf(program) {
  const { status, stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

function isRecent(version) {
  if (version === undefined) return false;
  const wanted = BUN_VERSION.split(".").map(Number);
  const given = version.split(/[.-]/).map(Number);
  const differs = wanted.findIndex((part, index) => part !== given[index]);
  return differs === -1 || given[differs] > wanted[differs];
}

// Packages

/** A full installation serves production too, and is never cut down to it. */
async function installPackages(bun, folder, production) {
  if (!existsSync(join(folder, "package.json"))) return;
  const stamp = join(folder, "node_modules", ".installed");
  const state = stateOf(folder);
  if (satisfies(readStamp(stamp), state, production)) return;
  await whileLocked(async () => {
    const installed = readStamp(stamp);
    if (satisfies(installed, state, production)) return;
    const full = !production || installed.full || hasDevelopmentPackages(folder);
    console.error(`Installing packages${full ? "" : " (production only)"}`);
    rmSync(stamp, { force: true });
    const flags = [
      "--frozen-lockfile",
      "--no-summary",
      ...(full ? [] : ["--production"]),
    ];
    const code = await run(bun, ["install", ...flags], ["ignore", 2, 2], folder);
    if (code !== 0) fail(`Cannot install packages: bun exited with ${code}`, code);
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    writeFileSync(stamp, JSON.stringify({ state, full }));
  });
}

/** Stands for what should be installed. */
function stateOf(folder) {
  const hash = createHash("sha256").update(`${process.platform}-${process.arch}`);
  const patches = join(folder, "patches");
  const patched = existsSync(patches) ? readdirSync(patches).toSorted() : [];
  for (const file of [
    "bun.lock",
    "package.json",
    ...patched.map((one) => `patches/${one}`),
  ]) {
    const path = join(folder, file);
    hash.update("\0").update(existsSync(path) ? readFileSync(path) : "");
  }
  return hash.digest("hex");
}

function readStamp(stamp) {
  try {
    const { state = "", full = false } = JSON.parse(readFileSync(stamp, "utf8"));
    return { state, full };
  } catch {
    return { state: "", full: false };
  }
}

function satisfies(installed, state, production) {
  return installed.state === state && (production || installed.full);
}

function hasDevelopmentPackages(folder) {
  const { devDependencies = {} } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  return Object.keys(devDependencies).every((name) =>
    existsSync(join(folder, "node_modules", name)),
  );
}

// A program in one piece

/**
 * A bundle of `program`, made anew where the sources have changed: it is loaded in half the
 * time. The program itself where none can be made.
 */
async function bundleOf(bun, program) {
  const place = join(cache, "bundles", sourcesState());
  const bundle = join(place, basename(program).replace(/\.ts$/, ".js"));
  if (existsSync(bundle)) return bundle;
  const aside = join(cache, "bundles", `.${randomBytes(6).toString("hex")}`);
  const flags = ["--target=bun", "--splitting", "--sourcemap=linked", "--outdir", aside];
  const entries = ["src/main.ts", "src/worker.ts"];
  const { status } = spawnSync(bun, ["build", ...entries, ...flags], {
    cwd: root,
    stdio: "ignore",
  });
  try {
    if (status !== 0) return program;
    rmSync(place, { recursive: true, force: true });
    renameSync(aside, place);
    for (const other of readdirSync(dirname(place))) {
      const isOld = join(dirname(place), other) !== place && !other.startsWith(".");
      if (isOld) rmSync(join(dirname(place), other), { recursive: true, force: true });
    }
  } catch {
    // Another command was first, or nothing can be written there.
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return existsSync(bundle) ? bundle : program;
}

/** Stands for the sources as they are, and what they are made with. */
function sourcesState() {
  const hash = createHash("sha256").update(`${BUN_VERSION} ${stateOf(root)}`);
  const files = readdirSync(join(root, "src"), { recursive: true, withFileTypes: true });
  for (const file of files.filter((one) => one.isFile())) {
    const path = join(file.parentPath ?? file.path, file.name);
    const { size, mtimeMs } = statSync(path);
    hash.update(`\0${path} ${size} ${mtimeMs}`);
  }
  return hash.digest("hex").slice(0, 32);
}

// Two commands at once in one checkout install one after the other

/** The lock is a symbolic link to its holder's mark: made in one step, never half written. */
async function whileLocked(task) {
  const lock = join(cache, "install.lock");
  const ours = `${markOf(process.pid)}:${randomBytes(6).toString("hex")}`;
  mkdirSync(cache, { recursive: true });
  let told = false;
  while (!tryLink(ours, lock)) {
    const holder = tryRead(lock);
    const mark = holder?.split(":")[0];
    if (holder !== undefined && mark !== markOf(Number.parseInt(mark, 10))) {
      breakLock(lock, holder);
    } else {
      if (!told) console.error("Waiting for another command that installs packages");
      told = true;
      await pause(50);
    }
  }
  const unlock = () => tryRead(lock) === ours && rmSync(lock, { force: true });
  process.on("exit", unlock);
  try {
    await task();
  } finally {
    process.off("exit", unlock);
    unlock();
  }
}

function tryLink(target, path) {
  try {
    symlinkSync(target, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function tryRead(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Moves the lock aside before judging it: of several breakers only one gets it. */
function breakLock(lock, dead) {
  const aside = `${lock}.${randomBytes(6).toString("hex")}`;
  try {
    renameSync(lock, aside);
  } catch {
    return; // another breaker was first
  }
  const moved = tryRead(aside);
  if (moved !== undefined && moved !== dead) tryLink(moved, lock);
  rmSync(aside, { force: true });
}

/** Names a process for good: its id and, on Linux, when it started. */
function markOf(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return undefined;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${pid}-${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return `${pid}`;
  }
}

// Handing over

/** Runs a program to its end, passes every signal on, gives its exit code. */
function run(program, args, stdio, cwd = root) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, stdio });
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    const pass = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, pass);
    const end = (code) => {
      for (const signal of signals) process.off(signal, pass);
      done(code);
    };
    child.on("error", (error) => {
      console.error(`Cannot run "${program}": ${error.message}`);
      end(127);
    });
    child.on("exit", (code, signal) => {
      end(signal === null ? code : 128 + constants.signals[signal]);
    });
  });
}

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}
