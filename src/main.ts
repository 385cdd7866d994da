/**
 * The API on Bun, with a worker in process unless `UC_WORKER=off`.
 *
 * @module
 */
import { announce } from "./announce.ts";
import { readConfig } from "./config.ts";
import { startService } from "./serve.ts";
import { runUntilStopped } from "./shutdown.ts";

const DRAIN_MILLIS = 10_000;
/** Above the largest body the API takes; what is larger is cut off by the server. */
const MAX_BODY_BYTES = 11 * 1024 * 1024;

await runUntilStopped(async () => {
  const config = readConfig(process.env);
  const { fetch, close, ...started } = await startService(config);
  const listen = () =>
    Bun.serve({
      hostname: config.host,
      port: config.port,
      maxRequestBodySize: MAX_BODY_BYTES,
      fetch,
    });
  let server: ReturnType<typeof listen>;
  try {
    server = listen();
  } catch (error) {
    await close();
    throw error;
  }
  announce(config, `http://${config.host}:${server.port}`, started);
  return {
    stop: async () => {
      // Its own promise comes up to a second late.
      void server.stop();
      await untilIdle(server, performance.now() + DRAIN_MILLIS);
      await close();
    },
  };
});

/** Waits until no request is under way, or until `deadline`. */
async function untilIdle(
  server: { readonly pendingRequests: number },
  deadline: number,
): Promise<void> {
  while (server.pendingRequests > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
