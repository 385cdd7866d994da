/**
 * The peer of the hits benchmark: answers every request with the same bytes.
 *
 * Usage: bun bench/constant-server.ts <bytes>. Prints where it listens.
 *
 * @module
 */
const body = "x".repeat(Number(process.argv[2]));
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => new Response(body, { headers: { "content-type": "application/json" } }),
});
process.stdout.write(`${server.url.href}\n`);
