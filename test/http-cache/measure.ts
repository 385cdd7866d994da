/**
 * Puts the gateway through the suite of HTTP caches, writes the results and
 * `docs/http-cache-tests.md`, and prints the table.
 *
 * Usage: npm run http-cache [rivals]; with `rivals` the others too, from Debian's packages
 *
 * @module
 */
import { temporaryFolder } from "../../bench/temporary-folder.ts";
import { adminToken } from "../end-to-end/client.ts";
import { byGroup, columns, document, documentPath, OURS, totals } from "./document.ts";
import { startCachingGateway } from "./gateway.ts";
import { writeReport } from "./report.ts";
import { install, installedVersion, startRival } from "./rivals/start.ts";
import { rivals } from "./rivals/rivals.ts";
import { startOrigin } from "./suite.ts";
import { tryCache } from "./trial.ts";

await measureOurs();
if (process.argv.includes("rivals")) {
  await install(rivals);
  for (const rival of rivals) {
    await using origin = await startOrigin();
    await using running = await startRival(rival, origin);
    const version = await installedVersion(rival.package);
    await measure(rival.id, version ?? "unknown", running.url);
  }
}
const all = await columns();
await Bun.write(documentPath, document(all));
console.log(`${totals(all)}\n\n${byGroup(all)}`);

async function measureOurs() {
  await using folder = await temporaryFolder();
  await using origin = await startOrigin();
  const environment = { UC_DATA_DIR: folder.path, UC_ADMIN_TOKEN: adminToken };
  await using gateway = await startCachingGateway(environment, origin);
  const { version } = await Bun.file(
    new URL("../../package.json", import.meta.url),
  ).json();
  await measure(OURS, version, gateway.base.DISTRIBUTED);
}

async function measure(id: string, version: string, base: string) {
  const { results, unsteady } = await tryCache(base);
  if (unsteady.length > 0) {
    console.error(`${id}: passed at a later try: ${unsteady.join(", ")}`);
  }
  await writeReport(id, { version, results });
}
