/**
 * What the environment must say.
 *
 * Every variable is named here and nowhere else; `config-variable.ts` holds how one is read.
 * A `UC_` variable that nobody knows stops the start.
 *
 * @module
 */
import { toPostgresOptions } from "./adapters/postgres/address.ts";
import {
  addressRanges,
  BadConfig,
  type Environment,
  isOrigin,
  oneOf,
  piecesOf,
  RANGES,
  readKey,
  readVariable,
  type Variable,
  wholeNumber,
} from "./config-variable.ts";
import { type Cidr, parseCidrs } from "./domain/source/address-rules.ts";

export interface Config {
  readonly host: string;
  readonly port: number;
  /** `undefined`: the embedded PostgreSQL under `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** `undefined`: the default place, which depends on who runs the process. */
  readonly dataDir: string | undefined;
  readonly adminToken: string | undefined;
  readonly adminPassword: string | undefined;
  readonly secretKey: Uint8Array | undefined;
  readonly worker: "inline" | "off";
  readonly upstreamAllowCidrs: readonly string[];
  readonly memoryMaxBytes: number;
  /** Each of these four is empty where it is not said. */
  readonly trustedProxies: readonly Cidr[];
  readonly allowedAddresses: readonly Cidr[];
  readonly allowedAdminAddresses: readonly Cidr[];
  readonly corsOrigins: readonly string[];
  /** Whether `/metrics` needs no token. */
  readonly metricsPublic: boolean;
  readonly logFormat: "pretty" | "json" | undefined;
  readonly logLevel: LogLevel;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "off";

const host: Variable<string> = {
  name: "HOST",
  allowed: "an address or a host name",
  read: (text) => (/^[A-Za-z0-9.:_-]+$/.test(text) ? text : undefined),
};

const port: Variable<number> = {
  name: "PORT",
  allowed: "a whole number from 0 to 65535",
  read: wholeNumber(0, 65_535),
};

const databaseUrl: Variable<string> = {
  name: "DATABASE_URL",
  allowed: "a postgres:// URL",
  secret: true,
  read: (text) => {
    try {
      const { port } = toPostgresOptions({ url: text });
      return [port].flat().every(Number.isInteger) ? text : undefined;
    } catch {
      return undefined;
    }
  },
};

const dataDir: Variable<string> = {
  name: "UC_DATA_DIR",
  allowed: "a folder",
  read: (text) => (text.includes("\0") ? undefined : text),
};

const adminToken: Variable<string> = {
  name: "UC_ADMIN_TOKEN",
  allowed: "16 to 512 visible ASCII characters without spaces",
  secret: true,
  read: (text) => (/^[\x21-\x7e]{16,512}$/.test(text) ? text : undefined),
};

const adminPassword: Variable<string> = {
  name: "UC_ADMIN_PASSWORD",
  allowed: "8 to 512 characters",
  secret: true,
  read: (text) => (text.length >= 8 && text.length <= 512 ? text : undefined),
};

const secretKey: Variable<Uint8Array> = {
  name: "UC_SECRET_KEY",
  allowed: "32 bytes in hex or base64",
  secret: true,
  read: readKey,
};

const worker: Variable<"inline" | "off"> = {
  name: "UC_WORKER",
  allowed: "inline or off",
  read: oneOf("inline", "off"),
};

const upstreamAllowCidrs: Variable<readonly string[]> = {
  name: "UC_UPSTREAM_ALLOW_CIDRS",
  allowed: RANGES,
  read: (text) => (parseCidrs(text)._tag === "Refused" ? undefined : piecesOf(text)),
};

const memoryMaxBytes: Variable<number> = {
  name: "UC_L1_MAX_BYTES",
  allowed: "a whole number of bytes from 0",
  read: wholeNumber(0, Number.MAX_SAFE_INTEGER),
};

const trustedProxies = addressRanges("UC_TRUSTED_PROXIES");
const allowedAddresses = addressRanges("UC_IP_ALLOW");
const allowedAdminAddresses = addressRanges("UC_IP_ALLOW_ADMIN");

const corsOrigins: Variable<readonly string[]> = {
  name: "UC_CORS_ORIGINS",
  allowed: "origins such as https://app.example:8443 without a path, separated by commas",
  read: (text) => {
    const origins = piecesOf(text);
    return origins.length > 0 && origins.every(isOrigin) ? origins : undefined;
  },
};

const metricsPublic: Variable<boolean> = {
  name: "UC_METRICS_PUBLIC",
  allowed: "0 or 1",
  read: (text) => (text === "1" ? true : text === "0" ? false : undefined),
};

const logFormat: Variable<"pretty" | "json"> = {
  name: "UC_LOG",
  allowed: "pretty or json",
  read: oneOf("pretty", "json"),
};

const logLevel: Variable<LogLevel> = {
  name: "UC_LOG_LEVEL",
  allowed: "debug, info, warn, error or off",
  read: oneOf("debug", "info", "warn", "error", "off"),
};

const known: readonly string[] = [
  dataDir,
  adminToken,
  adminPassword,
  secretKey,
  worker,
  upstreamAllowCidrs,
  memoryMaxBytes,
  trustedProxies,
  allowedAddresses,
  allowedAdminAddresses,
  corsOrigins,
  metricsPublic,
  logFormat,
  logLevel,
].map(({ name }) => name);

/** Reads the whole configuration; throws `BadConfig` at the first variable it can't use. */
export function readConfig(environment: Environment): Config {
  for (const name of Object.keys(environment)) {
    if (name.startsWith("UC_") && environment[name] !== "" && !known.includes(name)) {
      throw new BadConfig(
        `Cannot start: no variable is called ${name}; known are ${known.join(", ")}`,
      );
    }
  }
  const read = <A>(variable: Variable<A>) => readVariable(environment, variable);
  const config: Config = {
    host: read(host) ?? "127.0.0.1",
    port: read(port) ?? 8080,
    databaseUrl: read(databaseUrl),
    dataDir: read(dataDir),
    adminToken: read(adminToken),
    adminPassword: read(adminPassword),
    secretKey: read(secretKey),
    worker: read(worker) ?? "inline",
    upstreamAllowCidrs: read(upstreamAllowCidrs) ?? [],
    memoryMaxBytes: read(memoryMaxBytes) ?? 256 * 1024 * 1024,
    trustedProxies: read(trustedProxies) ?? [],
    allowedAddresses: read(allowedAddresses) ?? [],
    allowedAdminAddresses: read(allowedAdminAddresses) ?? [],
    corsOrigins: read(corsOrigins) ?? [],
    metricsPublic: read(metricsPublic) ?? false,
    logFormat: read(logFormat),
    logLevel: read(logLevel) ?? "info",
  };
  if (config.databaseUrl !== undefined && config.secretKey === undefined) {
    throw new BadConfig(
      `Cannot start: UC_SECRET_KEY is required with DATABASE_URL; allowed: ${secretKey.allowed}`,
    );
  }
  return config;
}

/** Why the address can't be listened on, by the variables that name it. */
export function unlistenable({ host, port }: Config, error: unknown): BadConfig {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "EADDRINUSE") {
    return new BadConfig(
      `Cannot start: PORT is ${port}, and port ${port} of ${host} is taken`,
    );
  }
  const reason = code === "" ? String(error) : code;
  return new BadConfig(`Cannot start: HOST is "${host}" and PORT ${port}: ${reason}`);
}
