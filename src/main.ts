/**
 * The API on Bun, with a worker in process unless `UC_WORKER=off`.
 *
 * @module
 */
import { announce } from "./announce.ts";
import { type Config, readConfig, unlistenable } from "./config.ts";
import { prepareGround } from "./ground.ts";
import { answerStarting } from "./http/starting.ts";
import type { Fetch } from "./serve.ts";
import { runUntilStopped } from "./shutdown.ts";

const DRAIN_MILLIS = 10_000;
/** Above the longest that a request may wait for an upstream; then a silent client is cut off. */
const IDLE_SECONDS = 150;
/** The API's routes have limits of their own; the gateway passes on what comes. */
const MAX_BODY_BYTES = Number.MAX_SAFE_INTEGER;

await runUntilStopped(async () => {
  const config = readConfig(process.env);
  // Listening comes first: a port that is taken must not leave half a first start behind.
  let answer: Fetch = answerStarting;
  const server = listen(config, (request, peer) => answer(request, peer));
  const service = await start(config).catch(async (error) => {
    await server.stop(true);
    throw error;
  });
  answer = service.fetch;
  announce(config, server.port ?? config.port, service);
  return {
    stop: async () => {
      // Its own promise comes up to a second late.
      void server.stop();
      const deadline = performance.now() + DRAIN_MILLIS;
      await service.endBy(deadline);
      await untilIdle(server, deadline);
      await service.close();
    },
  };
});

/** The service is loaded while the database starts. */
async function start(config: Config) {
  const [ground, { startService }] = await Promise.all([
    prepareGround(config),
    import("./serve.ts"),
  ]);
  return startService(config, ground);
}

function listen(config: Config, fetch: Fetch) {
  const { host: hostname, port } = config;
  try {
    return Bun.serve({
      hostname,
      port,
      maxRequestBodySize: MAX_BODY_BYTES,
      idleTimeout: IDLE_SECONDS,
      fetch: (request, server) =>
        fetch(request, () => server.requestIP(request)?.address ?? ""),
    });
  } catch (error) {
    throw unlistenable(config, error);
  }
}

/** Waits until no request is under way, or until `deadline`. */
async function untilIdle(
  server: { readonly pendingRequests: number },
  deadline: number,
): Promise<void> {
  while (server.pendingRequests > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
