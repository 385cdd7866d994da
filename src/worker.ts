/**
 * A collection worker of its own, on the same database; any number of them may run.
 *
 * @module
 */
import { startRuntime } from "./compose.ts";
import { readConfig } from "./config.ts";
import { prepareGround } from "./ground.ts";
import { runUntilStopped } from "./shutdown.ts";
import { version } from "./version.ts";

await runUntilStopped(async () => {
  const config = readConfig(process.env);
  const ground = await prepareGround(config);
  const runtime = await startRuntime(config, ground, true).catch(async (error) => {
    await ground.leave();
    throw error;
  });
  process.stdout.write(`Uni-Cache ${version} worker: collecting\n`);
  // Nothing else keeps the process alive while the queue is empty.
  const alive = setInterval(() => {}, 2 ** 30);
  return {
    stop: async () => {
      clearInterval(alive);
      await runtime.dispose();
      await ground.leave();
    },
  };
});
