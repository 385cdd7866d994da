/**
 * The OpenAPI document without a running service behind it.
 *
 * @module
 */
import { makeApp } from "./app.ts";
import { OPEN_NETWORK } from "./network-policy.ts";
import { openApiDocument } from "./docs/docs.ts";

/** The document of version `version`; no handler is ever called. */
export function describeApi(version: string) {
  const { app } = makeApp({
    run: () => Promise.reject(new Error("Nothing runs behind a description")),
    info: { version, database: "embedded", worker: "inline", memoryMaxBytes: 0 },
    network: OPEN_NETWORK,
    metricsPublic: false,
    docsScript: new Uint8Array(),
    log: () => {},
  });
  return openApiDocument(app, version);
}
