/**
 * Writes `openapi.json`: what the app serves, for people and tools that don't run it.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { describeApi } from "../src/http/describe-api.ts";
import { version } from "../src/version.ts";

const target = new URL("../openapi.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(describeApi(version), null, 2)}\n`);
