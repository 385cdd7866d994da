// The suite's origin server, its own handlers, on a free port of 127.0.0.1. Prints
// "listening http://127.0.0.1:<port>" and ends with its standard input.
//
// The suite's own program serves at the root alone. It takes a cache for one that keeps paths:
// where an origin says `Content-Location: <its own path>`, the test asks the same of the cache.
// Our gateway is reached under a path of its own; so that it has none to map here, the origin
// stands under the same path. Whatever comes before the handler's name is left alone.
import { createServer } from "node:http";
import config from "http-cache-tests/server/handle-config.mjs";
import state from "http-cache-tests/server/handle-state.mjs";
import test from "http-cache-tests/server/handle-test.mjs";

const handlers = { config, state, test };

const server = createServer((request, response) => {
  const segments = new URL(request.url, "http://origin").pathname.split("/");
  const at = segments.findIndex((segment) => Object.hasOwn(handlers, segment));
  if (at === -1) {
    response.statusCode = 404;
    response.end();
    return;
  }
  handlers[segments[at]](segments.slice(at + 1), request, response);
});
// Nobody asks on a connection that is being closed.
server.keepAliveTimeout = 300_000;
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening http://127.0.0.1:${server.address().port}\n`);
});
process.stdin.on("end", () => process.exit(0)).resume();
