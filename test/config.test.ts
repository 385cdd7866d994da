import { describe, expect, test } from "bun:test";
import { type Config, readConfig } from "../src/config.ts";
import { BadConfig, readKey } from "../src/config-variable.ts";
import { startRuntime } from "../src/compose.ts";
import { testConfig, testService } from "./support/service.ts";

const hexKey = "0123456789abcdef".repeat(4);
const key = new Uint8Array(Buffer.from(hexKey, "hex"));

/** The line that stops the start, or `undefined` where nothing does. */
function refusal(environment: Record<string, string>): string | undefined {
  try {
    readConfig(environment);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(BadConfig);
    return (error as BadConfig).message;
  }
}

const defaults: Config = {
  host: "127.0.0.1",
  port: 8080,
  databaseUrl: undefined,
  dataDir: undefined,
  adminToken: undefined,
  adminPassword: undefined,
  secretKey: undefined,
  worker: "inline",
  upstreamAllowCidrs: [],
  memoryMaxBytes: 268_435_456,
  trustedProxies: [],
  allowedAddresses: [],
  allowedAdminAddresses: [],
  corsOrigins: [],
  metricsPublic: false,
  logFormat: undefined,
  logLevel: "info",
};

const private10 = { address: { family: 4, value: 0x0a000000n }, prefix: 8 } as const;
const loopback6 = { address: { family: 6, value: 1n }, prefix: 128 } as const;

describe("readConfig()", () => {
  test("needs no variable at all", () => {
    expect(readConfig({})).toMatchObject({ ...defaults });
  });

  test("takes an empty variable for an unset one, a known and an unknown one", () => {
    const empty = Object.fromEntries(
      [
        "HOST",
        "PORT",
        "DATABASE_URL",
        "UC_DATA_DIR",
        "UC_ADMIN_TOKEN",
        "UC_ADMIN_PASSWORD",
        "UC_SECRET_KEY",
        "UC_WORKER",
        "UC_UPSTREAM_ALLOW_CIDRS",
        "UC_L1_MAX_BYTES",
        "UC_TRUSTED_PROXIES",
        "UC_IP_ALLOW",
        "UC_IP_ALLOW_ADMIN",
        "UC_CORS_ORIGINS",
        "UC_METRICS_PUBLIC",
        "UC_LOG",
        "UC_LOG_LEVEL",
        "UC_NEVER_HEARD_OF",
      ].map((name) => [name, ""]),
    );

    expect(readConfig(empty)).toEqual(readConfig({}));
  });

  test.each<[Record<string, string>, Partial<Config>]>([
    [{ HOST: "0.0.0.0" }, { host: "0.0.0.0" }],
    [{ HOST: "::1" }, { host: "::1" }],
    [{ HOST: "localhost" }, { host: "localhost" }],
    [{ PORT: "0" }, { port: 0 }],
    [{ PORT: "65535" }, { port: 65_535 }],
    [{ UC_DATA_DIR: "/srv/uni cache" }, { dataDir: "/srv/uni cache" }],
    [{ UC_ADMIN_TOKEN: "x".repeat(16) }, { adminToken: "x".repeat(16) }],
    [{ UC_ADMIN_TOKEN: "!~".repeat(256) }, { adminToken: "!~".repeat(256) }],
    [{ UC_ADMIN_PASSWORD: "pass wörd" }, { adminPassword: "pass wörd" }],
    [{ UC_SECRET_KEY: hexKey }, { secretKey: key }],
    [{ UC_SECRET_KEY: hexKey.toUpperCase() }, { secretKey: key }],
    [{ UC_SECRET_KEY: Buffer.from(key).toString("base64") }, { secretKey: key }],
    [{ UC_SECRET_KEY: Buffer.from(key).toString("base64url") }, { secretKey: key }],
    [{ UC_WORKER: "off" }, { worker: "off" }],
    [{ UC_WORKER: "inline" }, { worker: "inline" }],
    [
      { UC_UPSTREAM_ALLOW_CIDRS: "127.0.0.0/8, 10.0.0.1/32,fd00::/8" },
      { upstreamAllowCidrs: ["127.0.0.0/8", "10.0.0.1/32", "fd00::/8"] },
    ],
    [{ UC_L1_MAX_BYTES: "0" }, { memoryMaxBytes: 0 }],
    [{ UC_L1_MAX_BYTES: "1073741824" }, { memoryMaxBytes: 1_073_741_824 }],
    [
      { UC_TRUSTED_PROXIES: "10.0.0.0/8 ::1" },
      { trustedProxies: [private10, loopback6] },
    ],
    [{ UC_IP_ALLOW: "::1,10.0.0.0/8" }, { allowedAddresses: [loopback6, private10] }],
    [{ UC_IP_ALLOW_ADMIN: "10.0.0.0/8" }, { allowedAdminAddresses: [private10] }],
    [
      { UC_CORS_ORIGINS: "https://app.example, http://localhost:3000" },
      { corsOrigins: ["https://app.example", "http://localhost:3000"] },
    ],
    [{ UC_METRICS_PUBLIC: "1" }, { metricsPublic: true }],
    [{ UC_METRICS_PUBLIC: "0" }, { metricsPublic: false }],
    [{ UC_LOG: "json" }, { logFormat: "json" }],
    [{ UC_LOG: "pretty" }, { logFormat: "pretty" }],
    [{ UC_LOG_LEVEL: "off" }, { logLevel: "off" }],
    [{ UC_LOG_LEVEL: "debug" }, { logLevel: "debug" }],
    [{ HOME: "/root", USER: "x", npm_config_x: "y", UCX: "z" }, {}],
  ])("reads %p", (environment, expected) => {
    expect(readConfig(environment)).toMatchObject(expected);
  });

  test.each([
    ["postgres://uni:secret@db.internal:5432/cache"],
    ["postgresql://localhost/cache?sslmode=require"],
    ["postgres:///cache?host=/run/postgresql"],
    ["postgres://@%2Frun%2Fpostgresql/cache"],
    ["postgres://uni@[::1]:5432/cache"],
    ["postgres://uni@one:5432,two:5433/cache?target_session_attrs=read-write"],
  ])("reads DATABASE_URL %s beside a key", (databaseUrl) => {
    const config = readConfig({ DATABASE_URL: databaseUrl, UC_SECRET_KEY: hexKey });

    expect(config.databaseUrl).toBe(databaseUrl);
  });

  test.each([
    ["HOST", "a host", "an address or a host name"],
    ["HOST", "http://x", "an address or a host name"],
    ["PORT", "65536", "a whole number from 0 to 65535"],
    ["PORT", "-1", "a whole number from 0 to 65535"],
    ["PORT", "80.5", "a whole number from 0 to 65535"],
    ["PORT", "0x50", "a whole number from 0 to 65535"],
    ["PORT", " 80", "a whole number from 0 to 65535"],
    ["UC_WORKER", "on", "inline or off"],
    ["UC_WORKER", "OFF", "inline or off"],
    ["UC_UPSTREAM_ALLOW_CIDRS", "127.0.0.0/33", "address ranges"],
    ["UC_UPSTREAM_ALLOW_CIDRS", "10.0.0.0/8,nonsense", "address ranges"],
    ["UC_L1_MAX_BYTES", "256MiB", "a whole number of bytes"],
    ["UC_L1_MAX_BYTES", "-1", "a whole number of bytes"],
    ["UC_TRUSTED_PROXIES", "proxy.example", "address ranges"],
    ["UC_TRUSTED_PROXIES", "*", "address ranges"],
    ["UC_IP_ALLOW", "10.0.0.0/33", "address ranges"],
    ["UC_IP_ALLOW", " , ", "address ranges"],
    ["UC_IP_ALLOW_ADMIN", "10.0.0.0/8;::1", "address ranges"],
    ["UC_CORS_ORIGINS", "*", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", "null", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", "https://*.example", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", "https://app.example/", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", "https://App.example", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", "https://app.example:443", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", "ftp://app.example", "origins such as https://app.example"],
    ["UC_CORS_ORIGINS", ",", "origins such as https://app.example"],
    ["UC_METRICS_PUBLIC", "true", "0 or 1"],
    ["UC_METRICS_PUBLIC", "01", "0 or 1"],
    ["UC_LOG", "xml", "pretty or json"],
    ["UC_LOG_LEVEL", "verbose", "debug, info, warn, error or off"],
  ])(
    "refuses %s=%p in one line with the name, the value and what is allowed",
    (name, value, allowed) => {
      const line = refusal({ [name]: value });

      expect(line).toContain(name);
      expect(line).toContain(value);
      expect(line).toContain(allowed);
      expect(line).not.toContain("\n");
    },
  );

  test.each([
    ["DATABASE_URL", "mysql://u:hunter2@h/d", "a postgres:// URL"],
    ["DATABASE_URL", "postgres://u:hunter2@h:port/d", "a postgres:// URL"],
    ["UC_ADMIN_TOKEN", "hunter2", "16 to 512 visible ASCII characters"],
    ["UC_ADMIN_TOKEN", "hunter2 hunter2 hunter2", "16 to 512 visible ASCII characters"],
    ["UC_ADMIN_TOKEN", "hunter2".repeat(100), "16 to 512 visible ASCII characters"],
    ["UC_ADMIN_PASSWORD", "hunter2", "8 to 512 characters"],
    ["UC_SECRET_KEY", "hunter2", "32 bytes in hex or base64"],
    ["UC_SECRET_KEY", "hunter2".padEnd(63, "0"), "32 bytes in hex or base64"],
  ])("refuses a wrong %s in one line that tells no secret", (name, value, allowed) => {
    const line = refusal({ UC_SECRET_KEY: hexKey, [name]: value });

    expect(line).toContain(name);
    expect(line).toContain(allowed);
    expect(line).not.toContain("hunter2");
    expect(line).not.toContain("\n");
  });

  test("refuses a UC_ variable that nobody knows, and names those that are known", () => {
    const line = refusal({ UC_WORKERS: "off" });

    expect(line).toContain("UC_WORKERS");
    expect(line).toContain("UC_WORKER,");
    expect(line).not.toContain("\n");
  });

  test("refuses DATABASE_URL without a key, but not with an empty DATABASE_URL", () => {
    const line = refusal({ DATABASE_URL: "postgres://u:hunter2@h/d" });

    expect(line).toContain("UC_SECRET_KEY");
    expect(line).not.toContain("hunter2");
    expect(refusal({ DATABASE_URL: "" })).toBeUndefined();
  });
});

describe("readKey()", () => {
  test.each([
    ["31 bytes in hex", "00".repeat(31)],
    ["33 bytes in hex", "00".repeat(33)],
    ["31 bytes in base64", Buffer.alloc(31).toString("base64")],
    ["a letter that hex has not", `g${"0".repeat(63)}`],
    ["nothing", ""],
  ])("reads no key from %s", (_, text) => {
    expect(readKey(text)).toBeUndefined();
  });
});

describe("startRuntime()", () => {
  test("rejects in one line with a key that can't open what is stored", async () => {
    await using service = await testService({ worker: "off" });
    const made = await service.send("POST", "/api/v1/sources", {
      id: "sealed",
      base_url: "http://127.0.0.1:1",
      key_template: "/{{path*}}",
    });
    expect(made.status).toBe(201);
    const ground = {
      address: service.address,
      dataDir: "/nonexistent",
      secretKey: new Uint8Array(32).fill(8),
      leave: async () => {},
    };

    const starting = startRuntime(testConfig({ worker: "off" }), ground, false);

    const error: unknown = await starting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    const { message } = error as Error;
    expect(message).toStartWith("Cannot start: UC_SECRET_KEY");
    expect(message).not.toContain("\n");
  });
});
