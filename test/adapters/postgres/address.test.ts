import { describe, expect, test } from "bun:test";
import postgres from "postgres";
import { toPostgresOptions } from "../../../src/adapters/postgres/address.ts";

/** What postgres.js makes of an address; it connects only when asked something. */
function readBack(address: Parameters<typeof toPostgresOptions>[0]) {
  const { host, port, path, user, pass, database, ssl } = postgres(
    toPostgresOptions(address),
  ).options;
  return { host, port, path, user, pass, database, ssl };
}

const plain = {
  host: ["db.example"],
  port: [5432],
  path: false,
  user: "me",
  pass: "",
  database: "cache",
  ssl: false,
};

describe("toPostgresOptions()", () => {
  test.each([
    ["postgres://me@db.example/cache", {}],
    ["postgresql://me@db.example:6000/cache", { port: [6000] }],
    ["postgres://me:p%40ss:w@db.example/cache", { pass: "p@ss:w" }],
    ["postgres://me@db.example", { database: "me" }],
    ["postgres://me@[::1]:6000/cache", { host: ["::1"], port: [6000] }],
    ["postgres://me@a:1,b/cache", { host: ["a", "b"], port: [1, 5432] }],
    ["postgres://me@db.example/cache?sslmode=require", { ssl: "require" }],
    ["postgres://me@db.example/cache?sslmode=disable", {}],
    ["postgres://me@db.example/cache?sslrootcert=system", { ssl: "verify-full" }],
    [
      "postgres://me@localhost/cache?host=/run/a%20b",
      { host: ["localhost"], path: "/run/a b/.s.PGSQL.5432" },
    ],
    [
      "postgres://me@%2Frun%2Fpg:6000/cache",
      { host: ["localhost"], port: [6000], path: "/run/pg/.s.PGSQL.6000" },
    ],
  ])("reads %s", (url, difference) => {
    expect(readBack({ url })).toEqual({ ...plain, ...difference } as never);
  });

  test("takes a socket's folder with a comma and a colon in its name", () => {
    const address = { host: "/run/a,b:c", port: 5432, user: "me", database: "cache" };

    expect(readBack(address)).toEqual({
      ...plain,
      host: ["localhost"],
      path: "/run/a,b:c/.s.PGSQL.5432",
    } as never);
  });

  test("passes unknown parameters to the server", () => {
    expect(toPostgresOptions({ url: "postgres://h/d?search_path=x" }).connection).toEqual(
      {
        search_path: "x",
      },
    );
  });

  test("refuses another scheme without repeating the text", () => {
    expect(() => toPostgresOptions({ url: "mysql://me:secret@h/d" })).toThrow(
      "Cannot read the database's address: it is no postgres:// URL",
    );
  });
});
