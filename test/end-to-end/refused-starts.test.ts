import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { clientOf, secretKey } from "./client.ts";
import { serversIn } from "./embedded-server.ts";
import { dataFolder, sharedDatabase } from "./places.ts";
import { type Environment, endOfStart, type FailedStart, startApi } from "./processes.ts";

/** One line of complaint, code 1, and nothing else. */
function expectRefusal(start: FailedStart, complaint: RegExp): void {
  expect(start.complaints).toMatch(complaint);
  expect(start.complaints.trimEnd().split("\n")).toHaveLength(1);
  expect(start).toMatchObject({ code: 1, output: "" });
}

describe("a start with a wrong variable", () => {
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ["PORT", "70000", /^Cannot start: PORT is "70000"; allowed: a whole number/],
    [
      "UC_WORKER",
      "maybe",
      /^Cannot start: UC_WORKER is "maybe"; allowed: inline or off$/m,
    ],
    ["UC_NO_SUCH_THING", "1", /^Cannot start: no variable is called UC_NO_SUCH_THING/],
    [
      "DATABASE_URL",
      "mysql://u:hidden@h/d",
      /^Cannot start: DATABASE_URL is \(not shown\)/,
    ],
    [
      "UC_SECRET_KEY",
      "hidden",
      /^Cannot start: UC_SECRET_KEY is \(not shown\); allowed: /,
    ],
    ["UC_ADMIN_PASSWORD", "hidden", /^Cannot start: UC_ADMIN_PASSWORD is \(not shown\)/],
  ];
  let ends: readonly FailedStart[] = [];

  beforeAll(async () => {
    ends = await Promise.all(wrong.map(([name, value]) => endOfStart({ [name]: value })));
  }, 120_000);

  test.each(wrong.map(([name, , line], at) => ({ name, line, at })))(
    "ends with one line about $name",
    ({ line, at }) => {
      const end = ends[at];
      if (end === undefined) throw new Error("Expected an end");
      expectRefusal(end, line);
      expect(end.complaints).not.toContain("hidden");
    },
  );

  test("ends for a worker too", async () => {
    const end = await endOfStart({ UC_LOG: "xml" }, "src/worker.ts");
    expectRefusal(end, /^Cannot start: UC_LOG is "xml"/);
  });

  test("ends where DATABASE_URL has no UC_SECRET_KEY", async () => {
    const end = await endOfStart({ DATABASE_URL: "postgres://u@127.0.0.1:1/d" });
    expectRefusal(end, /^Cannot start: UC_SECRET_KEY is required with DATABASE_URL/);
  });
});

describe("a start on what is not there", () => {
  test("ends within seconds when the database can't be reached", async () => {
    const unreachable = { DATABASE_URL: "postgres://u:hidden@127.0.0.1:1/d" };
    const end = await endOfStart({ ...unreachable, UC_SECRET_KEY: secretKey });

    expectRefusal(end, /ECONNREFUSED|DATABASE_URL/);
    expect(end.complaints).not.toContain("hidden");
    expect(end.millis).toBeLessThan(8_000);
  }, 120_000);

  test("says which variable named the database", async () => {
    const unreachable = { DATABASE_URL: "postgres://u:hidden@127.0.0.1:1/d" };
    const end = await endOfStart({ ...unreachable, UC_SECRET_KEY: secretKey });
    expectRefusal(end, /DATABASE_URL/);
  }, 120_000);

  test("ends when the secret key can't open what is stored", async () => {
    await using place = await sharedDatabase();
    await using api = await startApi(place.environment);
    const settings = { default_headers: { Authorization: "Bearer upstream" } };
    await clientOf(api).createSource("sealed", "http://127.0.0.1:1", settings);
    await api.stop();

    const foreign = { ...place.environment, UC_SECRET_KEY: "08".repeat(32) };
    const [main, worker] = await Promise.all([
      endOfStart(foreign),
      endOfStart(foreign, "src/worker.ts"),
    ]);

    expectRefusal(main, /^Cannot .*UC_SECRET_KEY/);
    expectRefusal(worker, /^Cannot .*UC_SECRET_KEY/);
    await using again = await startApi(place.environment);
    expect(await clientOf(again).status("/api/v1/sources/sealed")).toBe(200);
  }, 120_000);
});

describe("a start on a port that is taken", () => {
  let blocker: Server;
  let taken: Environment;

  beforeAll(async () => {
    blocker = createServer().listen(0, "127.0.0.1");
    await once(blocker, "listening");
    const address = blocker.address();
    if (address === null || typeof address === "string") throw new Error("No port");
    taken = { PORT: String(address.port) };
  });
  afterAll(() => void blocker.close());

  test("ends with one line", async () => {
    await using place = await sharedDatabase();
    expectRefusal(await endOfStart({ ...place.environment, ...taken }), /\bport\b/i);
  }, 120_000);

  test("leaves no embedded server behind", async () => {
    await using folder = await dataFolder();
    await endOfStart({ ...folder.environment, ...taken });
    expect(serversIn(folder.path)).toEqual([]);
  }, 120_000);

  test("leaves the first secrets to the start that succeeds", async () => {
    await using folder = await dataFolder();
    await endOfStart({ ...folder.environment, ...taken });

    await using api = await startApi(folder.environment);

    expect(api.output()).toMatch(/admin token {5}uc_/);
  }, 120_000);
});
