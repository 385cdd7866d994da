/**
 * A process that keeps a secret, for tests that start several at once.
 *
 * Usage: kept-secret-process.ts <folder> <name>. Waits for its input to end, then prints
 * what it got.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { keepSecret } from "../../../src/adapters/secrets/kept-secret.ts";

const [folder = "", name = ""] = process.argv.slice(2);
process.stdout.write("ready\n");
await once(process.stdin.resume(), "end");
process.stdout.write(
  JSON.stringify(keepSecret(folder, name, () => randomBytes(16).toString("hex"))),
);
