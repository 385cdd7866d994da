/**
 * The API on Deno: `deno run -A src/main.deno.ts`.
 *
 * @module
 */
import process from "node:process";
import { announce } from "./announce.ts";
import { readConfig } from "./config.ts";
import { startService } from "./serve.ts";
import { failStart, onStopSignal } from "./shutdown.ts";

try {
  const config = readConfig(process.env);
  const service = await startService(config);
  const server = Deno.serve(
    { hostname: config.host, port: config.port, onListen: () => {} },
    service.fetch,
  );
  onStopSignal(async () => {
    await server.shutdown();
    await service.close();
  });
  announce(config, `http://${config.host}:${server.addr.port}`, service);
} catch (error) {
  failStart(error);
}
