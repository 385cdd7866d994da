import { afterAll, describe, expect, test } from "bun:test";
import { keyHash } from "../../src/domain/entry/entry.ts";
import { knownSource } from "../../src/services/source/source-directory.ts";
import { rawServer } from "../adapters/upstream/raw-server.ts";
import { eventually, jsonOf, testService } from "../support/service.ts";
import { HOUR, OSLO, pathOf, weatherService } from "./weather.ts";

/** Two processes on one database; what is only queued waits. */
const weather = await weatherService({ worker: "off" });
const other = await testService({ worker: "off", address: weather.service.address });
const { callsOf, read, readInTime, service, source, tasksOf } = weather;
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await weather[Symbol.asyncDispose]();
});

const WAIT = { "X-UC-Wait": "1" };
const BYPASS = { "X-UC-Bypass-Cache": "1" };
const LONG = { ...WAIT, Prefer: "wait=60" };

const prefetch = (id: string, keys: readonly string[], priority = "normal") =>
  service.send("POST", `/api/v1/cache/${id}/prefetch`, { keys, priority });
const labelOf = (response: Response) => response.headers.get("X-UC-Cache");

/** A source with an entry of that age, where one call is free and no more. */
async function oneCallFree(id: string, age = 0) {
  await source(id, { rate_limit: { per_minute: 2 } });
  expect((await read(id, WAIT)).status).toBe(200);
  await service.age(age);
}

/** As when somebody begins to wait for the key, and no process has heard of it yet. */
async function waitSilently(id: string, key: string) {
  const { space } = await service.run(knownSource(id));
  await service.sql`
    insert into tasks (id, source_id, space, key, key_hash, priority, state, told, queued_at)
    values (${`t_${id}`}, ${id}, ${space}, ${key}, ${keyHash({ space, key })}, 1, 'queued',
      false, uc_now())`;
}

describe("the last free call is not for", () => {
  test("a plain read of a fallback entry while a better task is queued", async () => {
    await oneCallFree("last-try", 2 * HOUR);
    await prefetch("last-try", ["/weather/Bergen"], "high");
    expect(labelOf(await read("last-try"))).toBe("STALE");
    expect(callsOf("last-try")).toHaveLength(1);
  });

  test("a bypass while somebody waits for another key", async () => {
    await oneCallFree("last-bypass");
    await waitSilently("last-bypass", "/weather/Bergen");
    expect(labelOf(await read("last-bypass", BYPASS))).toBe("HIT");
    expect(callsOf("last-bypass").filter(isOslo)).toHaveLength(1);
  });

  test.each(["normal", "low"])("a %s task, while they ask", async (priority) => {
    const response = await readInTime(async (attempt) => {
      const id = `last-${priority}-${attempt}`;
      await oneCallFree(id, 2 * HOUR);
      await prefetch(id, ["/weather/Bergen"], priority);
      return id;
    });
    expect(labelOf(response)).toBe("MISS");
  });
});

const isOslo = ({ target }: { readonly target: string }) => target.endsWith(OSLO);

describe("a bypass where no call is free", () => {
  test("opens no connection to the upstream", async () => {
    await using upstream = await rawServer((socket) =>
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
      ),
    );
    const base_url = `http://127.0.0.1:${upstream.origin.port}`;
    await source("no-dialling", { base_url, rate_limit: { per_minute: 1 } });
    expect((await read("no-dialling", WAIT)).status).toBe(200);
    const responses = await Promise.all(
      Array.from({ length: 30 }, (_, n) => read("no-dialling", BYPASS, `/weather/${n}`)),
    );
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([202]));
    // Either process may have made one for who waited.
    expect(upstream.sockets.length).toBeLessThanOrEqual(2);
  });
});

describe("a reader who hangs up", () => {
  /** One reads `id` and waits, in the queue before this resolves; `leave` hangs up. */
  const waitAt = async (at: typeof service, id: string) => {
    const before = await askedOf(id);
    const client = new AbortController();
    const init = { headers: LONG, signal: client.signal };
    const reading = at.request(pathOf(id), init).catch(() => undefined);
    await eventually(
      () => askedOf(id),
      (asked) => asked !== before,
    );
    const leave = () => {
      client.abort();
      return reading;
    };
    return { leave };
  };
  /** Differs whenever the refresh was asked for again. */
  const askedOf = async (id: string) => {
    const [row] = await service.sql<{ asked: string }[]>`
      select xmin::text as asked from tasks where source_id = ${id} and key = ${OSLO}`;
    return row?.asked;
  };
  const priorityOf = async (id: string) =>
    (await tasksOf(id)).find(({ key }) => key === OSLO)?.priority;
  const becomes = (id: string, priority: number) =>
    eventually(
      () => priorityOf(id),
      (now) => now === priority,
    );
  const spent = async (id: string) => {
    await source(id, { rate_limit: { per_minute: 1 } });
    expect((await read(id, WAIT, "/weather/first")).status).toBe(200);
    await eventually(
      async () => (await other.request(`/api/v1/sources/${id}`)).status,
      (status) => status === 200,
    );
  };

  test("leaves a task that goes before nobody", async () => {
    await spent("left");
    const { leave } = await waitAt(service, "left");
    expect(await priorityOf("left")).toBe(1);
    await leave();
    await becomes("left", 3);
    const { task_id } = await jsonOf(await read("left", {}, "/weather/mine"));
    const queued = (await tasksOf("left")).filter(({ state }) => state === "queued");
    const [first] = queued.toSorted((one, two) => one.priority - two.priority);
    expect(first?.id).toBe(task_id);
  });

  test("takes nothing from who waits for the same in this process, until that one goes", async () => {
    await spent("left-one");
    await spent("left-after");
    const staying = await waitAt(service, "left-one");
    const leaving = await waitAt(service, "left-one");
    const after = await waitAt(service, "left-after");
    const asked = await askedOf("left-one");
    await leaving.leave();
    await after.leave();
    // What the first would do comes before this.
    await becomes("left-after", 3);
    expect(await askedOf("left-one")).toBe(asked ?? "");
    await staying.leave();
    await becomes("left-one", 3);
  });

  test("takes nothing for long from who waits for the same in another process", async () => {
    await spent("left-other");
    const { leave } = await waitAt(other, "left-other");
    await service.sql`update tasks set priority = 3 where source_id = 'left-other'`;
    await becomes("left-other", 1);
    await leave();
  });
});
