/**
 * A process that shares an embedded server, for tests that start several.
 *
 * Usage: member-process.ts <folder>. Tells what happens as lines of JSON; leaves the
 * server at the end of its input.
 *
 * @module
 */
import { startEmbeddedPostgres } from "../../../src/adapters/embedded-postgres/start-server.ts";

const [folder = ""] = process.argv.slice(2);
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`);

tell({ event: "joining" });
try {
  const server = await startEmbeddedPostgres(folder, { fsync: "off" });
  tell({ event: "joined", ...server });
  process.stdin.resume().once("end", async () => {
    tell({ event: "leaving" });
    await server.stop();
    tell({ event: "left" });
  });
} catch (error) {
  tell({ event: "failed", message: String(error) });
  process.exitCode = 1;
}
