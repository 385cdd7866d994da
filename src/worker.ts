/**
 * A collection worker of its own, on the same database; any number of them may run.
 *
 * @module
 */
import { prepareGround, startRuntime } from "./compose.ts";
import { readConfig } from "./config.ts";
import { failStart, onStopSignal } from "./shutdown.ts";
import { version } from "./version.ts";

try {
  const config = readConfig(process.env);
  const ground = await prepareGround(config);
  const runtime = await startRuntime(config, ground, true).catch(async (error) => {
    await ground.leave();
    throw error;
  });
  onStopSignal(async () => {
    await runtime.dispose();
    await ground.leave();
  });
  process.stdout.write(`Uni-Cache ${version} worker: collecting\n`);
  // Nothing else keeps the process alive while the queue is empty.
  setInterval(() => {}, 2 ** 30);
} catch (error) {
  failStart(error);
}
