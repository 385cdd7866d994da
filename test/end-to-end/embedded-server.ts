/**
 * The processes of embedded PostgreSQL servers, as the system sees them.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { readPostmaster } from "../../src/adapters/embedded-postgres/postmaster.ts";
import { toPostgresOptions } from "../../src/adapters/postgres/address.ts";

interface SystemProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The ids of all programs of PostgreSQL that work in `folder`, and of their children. */
export function serversIn(folder: string): readonly number[] {
  const all = systemProcesses();
  const main = all.filter(({ command }) => command.includes(` -D ${folder}/`));
  const mainIds = new Set(main.map(({ pid }) => pid));
  const children = all.filter(({ parent }) => mainIds.has(parent));
  return [...mainIds, ...children.map(({ pid }) => pid)];
}

/** Kills every process of the server in `folder`, so that none can write anything more. */
export function killServer(folder: string): readonly number[] {
  const killed = serversIn(folder);
  for (const pid of killed) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // A child that saw its parent die.
    }
  }
  return killed;
}

/** A connection to the server that a service runs in `dataDir`. */
export function connectTo(dataDir: string): postgres.Sql {
  const postmaster = readPostmaster(join(dataDir, "postgres", "data"));
  if (postmaster === undefined) throw new Error(`Expected a server in ${dataDir}`);
  const { socketFolder, port } = postmaster;
  const address = { host: socketFolder, port, user: "unicache", database: "postgres" };
  return postgres({ ...toPostgresOptions(address), max: 1, onnotice: () => {} });
}

function systemProcesses(): readonly SystemProcess[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

function fromProc(): readonly SystemProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state = "", parent = ""] = stat
          .slice(stat.lastIndexOf(")") + 2)
          .split(" ");
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
        if (state === "Z") return [];
        return [
          {
            pid: Number(name),
            parent: Number(parent),
            command: command.replaceAll("\0", " "),
          },
        ];
      } catch {
        return []; // It has ended meanwhile.
      }
    });
}

function fromPs(): readonly SystemProcess[] {
  const { stdout } = spawnSync("ps", ["-axo", "pid=,ppid=,args="], { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, command = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined
      ? []
      : [{ pid: Number(pid), parent: Number(parent), command }];
  });
}
