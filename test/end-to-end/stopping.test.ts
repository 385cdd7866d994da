import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type Answer, countingUpstream, json } from "../support/counting-upstream.ts";
import { clientOf, until } from "./client.ts";
import { serversIn } from "./embedded-server.ts";
import { dataFolder, sharedDatabase } from "./places.ts";
import { launch, startApi, startWorker, type StopSignal } from "./processes.ts";

/** Entries of such a source are fallback at once: each read asks the upstream. */
const neverFresh = { cache_ttl_s: 0, stale_while_revalidate_s: 0 };

/** Holds every answer back until it is released. */
function heldAnswer() {
  const held: (() => void)[] = [];
  let released = false;
  const answer: Answer = (request, response) => {
    const go = () => json({ late: true })(request, response);
    if (released) go();
    else held.push(go);
  };
  const release = () => {
    released = true;
    for (const go of held.splice(0)) go();
  };
  return { answer, release };
}

/** Whether somebody accepts connections at `url`. */
function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((answer) => {
    const socket = connect(Number(port), hostname);
    socket.once("connect", () => {
      socket.destroy();
      answer(true);
    });
    socket.once("error", () => answer(false));
  });
}

describe.concurrent("an API that is told to stop", () => {
  test.each<readonly [StopSignal, readonly StopSignal[]]>([
    ["SIGTERM", []],
    ["SIGINT", ["SIGINT", "SIGTERM"]],
    ["SIGHUP", ["SIGHUP"]],
  ])(
    "by %s finishes the request in flight, takes no other, and exits with 0",
    async (signal, repeats) => {
      await using place = await sharedDatabase();
      await using upstream = await countingUpstream();
      await using api = await startApi(place.environment);
      const client = clientOf(api);
      await client.createSource("slow", upstream.url, neverFresh);
      await client.read("slow", "/a");
      await until(
        () => client.read("slow", "/a"),
        ({ status }) => status === 200,
      );
      const { answer, release } = heldAnswer();
      upstream.answer(answer);
      const calls = upstream.calls.length;
      const inFlight = client.read("slow", "/a");
      await upstream.called(calls + 1);

      const stopped = api.stop(signal);
      for (const repeat of repeats) api.signal(repeat);
      await until(
        () => accepts(api.url),
        (accepting) => !accepting,
      );
      release();

      expect(await inFlight).toMatchObject({ status: 200, cache: "MISS" });
      expect(await stopped).toBeLessThan(5_000);
      expect(await accepts(api.url)).toBe(false);
      expect(api.complaints()).toBe("");
    },
    120_000,
  );
});

describe.concurrent("a worker that is told to stop", () => {
  test("lets what runs finish first", async () => {
    await using place = await sharedDatabase();
    await using upstream = await countingUpstream();
    const { answer, release } = heldAnswer();
    upstream.answer(answer);
    await using api = await startApi({ ...place.environment, UC_WORKER: "off" });
    await using worker = await startWorker(place.environment);
    const client = clientOf(api);
    await client.createSource("slow", upstream.url);
    const { body } = await client.read("slow", "/a");
    await upstream.called(1);

    const stopped = worker.stop();
    release();
    await stopped;

    const [task] = await place.sql`select state from tasks where id = ${body.task_id}`;
    expect(task).toEqual({ state: "succeeded" });
    expect(await client.read("slow", "/a")).toMatchObject({ status: 200, cache: "HIT" });
    expect(upstream.calls).toHaveLength(1);
  }, 120_000);

  test("hands back what takes too long, and another worker finishes it", async () => {
    await using place = await sharedDatabase();
    await using upstream = await countingUpstream();
    upstream.answer(heldAnswer().answer);
    await using api = await startApi({ ...place.environment, UC_WORKER: "off" });
    await using worker = await startWorker(place.environment);
    const client = clientOf(api);
    await client.createSource("slow", upstream.url, { timeout_ms: 60_000 });
    const { body } = await client.read("slow", "/a");
    await upstream.called(1);
    expect(await worker.stop()).toBeLessThan(15_000);

    const [task] = await place.sql`
      select state, leased_by, lease_until from tasks where id = ${body.task_id}`;
    expect(task).toEqual({ state: "queued", leased_by: null, lease_until: null });
    upstream.answer(json({ second: true }));
    await using other = await startWorker(place.environment);
    await until(
      () => client.read("slow", "/a"),
      ({ status }) => status === 200,
    );
    await other.stop();
  }, 120_000);
});

describe.concurrent("a start that is told to stop", () => {
  test("exits with 0 and leaves no embedded server behind", async () => {
    await using folder = await dataFolder();
    const { running } = launch("src/main.ts", folder.environment);
    await using _ = running;
    await until(
      () => serversIn(folder.path),
      (pids) => pids.length > 0,
    );

    await running.stop();

    expect(serversIn(folder.path)).toEqual([]);
  }, 120_000);
});
