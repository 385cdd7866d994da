/**
 * The main job once, under Deno: start, create a source, MISS, HIT, stop.
 *
 * @module
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countingUpstream } from "../support/counting-upstream.ts";
import { denoProgram } from "./program.ts";

const dataDir = mkdtempSync(join(tmpdir(), "uni-cache-deno-"));
chmodSync(dataDir, 0o755);
await using upstream = await countingUpstream();

const child = Bun.spawn([denoProgram(), "run", "-A", "src/main.deno.ts"], {
  env: {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    DENO_NO_UPDATE_CHECK: "1",
    PORT: "0",
    UC_DATA_DIR: dataDir,
    UC_UPSTREAM_ALLOW_CIDRS: "127.0.0.0/8",
  },
  stdout: "pipe",
  stderr: "inherit",
});

try {
  const url = await listeningAt(child.stdout);
  const token = readFileSync(join(dataDir, "admin-token"), "utf8").trim();
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
  };
  const draft = { id: "s", base_url: upstream.url, key_template: "/{{path*}}" };
  const created = await fetch(`${url}/api/v1/sources`, {
    method: "POST",
    headers,
    body: JSON.stringify(draft),
  });
  expectStatus("create", created, 201);
  const read = () => fetch(`${url}/api/v1/cache/s/%2Fa`, { headers });
  expectStatus("first read", await read(), 202);
  await upstream.called(1);
  await untilHit(read);
  expectStatus("metrics", await fetch(`${url}/metrics`, { headers }), 200);
  console.log(`Deno: MISS, then HIT after ${upstream.calls.length} upstream call`);
} finally {
  child.kill("SIGTERM");
  const code = await child.exited;
  rmSync(dataDir, { recursive: true, force: true });
  if (code !== 0) process.exitCode = 1;
}

/** Goes on reading afterwards, so that the program can go on writing. */
function listeningAt(output: ReadableStream<Uint8Array>): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let text = "";
    const read = async () => {
      for await (const piece of output) {
        text += decoder.decode(piece, { stream: true });
        const found = /listening\s+(http:\S+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      }
      reject(new Error(`Deno ended before it listened: ${text}`));
    };
    read().catch(reject);
  });
}

async function untilHit(read: () => Promise<Response>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const response = await read();
    if (response.headers.get("X-UC-Cache") === "HIT") return;
    await Bun.sleep(10);
  }
  throw new Error("No HIT within thirty seconds");
}

function expectStatus(what: string, response: Response, status: number): void {
  if (response.status !== status) throw new Error(`${what}: ${response.status}`);
}
