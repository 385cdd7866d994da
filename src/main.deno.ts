/**
 * The API on Deno: `deno run -A src/main.deno.ts`.
 *
 * @module
 */
import process from "node:process";
import { announce } from "./announce.ts";
import { readConfig } from "./config.ts";
import { startService } from "./serve.ts";
import { runUntilStopped } from "./shutdown.ts";

await runUntilStopped(async () => {
  const config = readConfig(process.env);
  const { fetch, close, ...started } = await startService(config);
  const server = Deno.serve(
    { hostname: config.host, port: config.port, onListen: () => {} },
    fetch,
  );
  announce(config, `http://${config.host}:${server.addr.port}`, started);
  return {
    stop: async () => {
      await server.shutdown();
      await close();
    },
  };
});
