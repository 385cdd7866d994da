/**
 * What is said when the service is up.
 *
 * @module
 */
import { join } from "node:path";
import type { Config } from "./config.ts";
import { hostHeaderOf } from "./domain/source/origin.ts";
import type { Service } from "./serve.ts";
import { version } from "./version.ts";

type Started = Pick<Service, "generated" | "dataDir">;

/** Where it listens and where the docs are; the generated credentials only this once. */
export function announce(config: Config, port: number, service: Started): void {
  const url = `http://${hostHeaderOf({ scheme: "http", host: config.host, port })}`;
  const { token, password } = service.generated;
  const store =
    config.databaseUrl === undefined
      ? `embedded PostgreSQL in ${service.dataDir}`
      : "DATABASE_URL";
  const lines = [
    `Uni-Cache ${version}`,
    `  listening   ${url}`,
    `  docs        ${url}/docs`,
    `  store       ${store}`,
    ...(token === undefined
      ? []
      : [
          `  admin token     ${token}   (shown once; kept in ${join(service.dataDir, "admin-token")})`,
        ]),
    ...(password === undefined
      ? []
      : [
          `  admin password  ${password}   (user admin; kept in ${join(service.dataDir, "admin-password")})`,
        ]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
