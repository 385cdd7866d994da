/**
 * The API on Bun, with a worker in process unless `UC_WORKER=off`.
 *
 * @module
 */
import { readConfig } from "./config.ts";
import { announce } from "./announce.ts";
import { startService } from "./serve.ts";
import { failStart, onStopSignal } from "./shutdown.ts";

const DRAIN_MILLIS = 10_000;
/** Above the largest body the API takes; what is larger is cut off by the server. */
const MAX_BODY_BYTES = 11 * 1024 * 1024;

try {
  const config = readConfig(process.env);
  const service = await startService(config);
  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    maxRequestBodySize: MAX_BODY_BYTES,
    fetch: service.fetch,
  });
  onStopSignal(async () => {
    const drained = server.stop();
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MILLIS));
    await Promise.race([drained, timeout]);
    await service.close();
    void server.stop(true);
  });
  announce(config, `http://${config.host}:${server.port}`, service);
} catch (error) {
  failStart(error);
}
