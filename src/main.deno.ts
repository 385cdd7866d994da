/**
 * The API on Deno: `deno run -A src/main.deno.ts`.
 *
 * @module
 */
import process from "node:process";
import { announce } from "./announce.ts";
import { type Config, readConfig, unlistenable } from "./config.ts";
import { prepareGround } from "./ground.ts";
import { answerStarting } from "./http/starting.ts";
import { type Fetch, startService } from "./serve.ts";
import { runUntilStopped } from "./shutdown.ts";

const DRAIN_MILLIS = 10_000;

await runUntilStopped(async () => {
  const config = readConfig(process.env);
  let answer: Fetch = answerStarting;
  const server = listen(config, (request, peer) => answer(request, peer));
  const service = await startService(config, await prepareGround(config));
  answer = service.fetch;
  announce(config, server.addr.port, service);
  return {
    stop: async () => {
      await service.endBy(performance.now() + DRAIN_MILLIS);
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MILLIS));
      await Promise.race([server.shutdown(), timeout]);
      await service.close();
    },
  };
});

function listen(config: Config, fetch: Fetch) {
  const { host: hostname, port } = config;
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, (request, { remoteAddr }) =>
      fetch(request, () => (remoteAddr.transport === "tcp" ? remoteAddr.hostname : "")),
    );
  } catch (error) {
    throw unlistenable(config, error);
  }
}
