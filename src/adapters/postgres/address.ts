/**
 * Where a database is: what `DATABASE_URL` says, or the embedded server's socket.
 *
 * A URL is read as PostgreSQL's own clients read it, which postgres.js does only in part:
 * several hosts, IPv6 addresses, and sockets (`?host=/run/postgresql` or
 * `@%2Frun%2Fpostgresql`) work. Parameters not named here go to the server as settings.
 *
 * Source: PostgreSQL 18, 32.1.1.2 Connection URIs
 *
 * @module
 */
import { URLSearchParams } from "node:url";

export type DatabaseAddress =
  | { readonly url: string }
  | {
      /** A host name, or the folder of a Unix socket. */
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly database: string;
    };

/** What postgres.js takes; absent where its own defaults hold. */
export interface PostgresOptions {
  host: string;
  port: number;
  path?: string;
  user?: string;
  password?: string;
  database?: string;
  ssl?: boolean | "require" | "allow" | "prefer" | "verify-full";
  target_session_attrs?:
    | "read-write"
    | "read-only"
    | "primary"
    | "standby"
    | "prefer-standby";
  connection?: Record<string, string>;
}

const DEFAULT_PORT = "5432";
const UNREADABLE = "Cannot read the database's address: it is no postgres:// URL";

/** Throws for a text that is no address; the message does not repeat it, for it may hold a password. */
export function toPostgresOptions(address: DatabaseAddress): PostgresOptions {
  if ("url" in address) return fromUrl(address.url);
  const { host, port, user, database } = address;
  return { ...locate([host], [String(port)]), user, database };
}

function fromUrl(url: string): PostgresOptions {
  const parts =
    /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(
      url,
    );
  if (parts === null) {
    throw new Error(UNREADABLE);
  }
  const [, account = "", authority = "", path = "", query = ""] = parts;
  const [name = "", ...secret] = account.split(":");
  const {
    host,
    port,
    user = decode(name),
    password = decode(secret.join(":")),
    dbname = decode(path),
    sslmode,
    sslrootcert,
    target_session_attrs,
    ...settings
  } = Object.fromEntries(new URLSearchParams(query));
  const places = authority.split(",").map(placeOf);
  const options: PostgresOptions = locate(
    host?.split(",") ?? places.map((place) => place.host || "localhost"),
    port?.split(",") ?? places.map((place) => place.port || DEFAULT_PORT),
  );
  const ssl = sslrootcert === "system" ? "verify-full" : sslmode;
  return Object.assign(
    options,
    user !== "" && { user },
    password !== "" && { password },
    dbname !== "" && { database: dbname },
    ssl !== undefined && { ssl: ssl === "disable" ? false : ssl },
    target_session_attrs !== undefined && { target_session_attrs },
    Object.keys(settings).length > 0 && { connection: settings },
  );
}

function placeOf(text: string): { host: string; port: string } {
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d*))?$/.exec(text);
  if (parts === null) throw new Error(UNREADABLE);
  const [, bracketed, plain = "", port = ""] = parts;
  return { host: decode(bracketed ?? plain), port };
}

/** One port serves several hosts. A socket is given by its path, whatever its folder's name. */
function locate(hosts: readonly string[], ports: readonly string[]): PostgresOptions {
  const [host = ""] = hosts;
  const [port = DEFAULT_PORT] = ports;
  if (host.startsWith("/")) {
    return { host: "localhost", port: Number(port), path: `${host}/.s.PGSQL.${port}` };
  }
  return asLists(
    hosts,
    hosts.map((_, index) => Number(ports[index] ?? port)),
  );
}

/** Safe because postgres.js takes lists too, and splits only a text at commas and colons. */
function asLists(host: readonly string[], port: readonly number[]): PostgresOptions {
  return { host, port } as unknown as PostgresOptions;
}

function decode(text: string): string {
  return decodeURIComponent(text);
}
