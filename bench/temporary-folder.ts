/**
 * A folder for one run of a benchmark, which the server's account can reach.
 *
 * @module
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killServer } from "../test/end-to-end/embedded-server.ts";

export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "uni-cache-bench-"));
  await chmod(path, 0o755);
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      killServer(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}
