import { describe, expect, test } from "bun:test";
import { heldAnswer } from "../http/weather.ts";
import { countingUpstream, json } from "../support/counting-upstream.ts";
import { clientOf, until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";

const WAIT = { "X-UC-Wait": "1", Prefer: "wait=60" };

describe.concurrent("an API that is told to stop while readers wait", () => {
  test("tells them to come back for their task, and ends at once", async () => {
    await using place = await sharedDatabase();
    await using upstream = await countingUpstream();
    await using api = await startApi(place.environment);
    const client = clientOf(api);
    await client.createSource("spent", upstream.url, { rate_limit: { per_minute: 1 } });
    expect(await client.read("spent", "/first", WAIT)).toMatchObject({ status: 200 });
    const waiting = ["/a", "/b", "/a"].map((key) => client.read("spent", key, WAIT));
    await until(
      () => place.sql`select 1 from tasks where priority = 1 and state = 'queued'`,
      (tasks) => tasks.length === 2,
    );

    const stopped = api.stop();

    for (const answer of await Promise.all(waiting)) {
      expect([answer.status, answer.body.state]).toEqual([202, "queued"]);
    }
    expect(await stopped).toBeLessThan(3_000);
    expect(api.complaints()).toBe("");
  }, 120_000);

  test("tells them so of a call that is under way, which may finish", async () => {
    const held = heldAnswer();
    await using place = await sharedDatabase();
    await using upstream = await countingUpstream();
    upstream.answer(held.answer(json({ n: 1 })));
    await using api = await startApi(place.environment);
    const client = clientOf(api);
    await client.createSource("hanging", upstream.url, { timeout_ms: 60_000 });
    const waiting = client.read("hanging", "/a", WAIT);
    await upstream.called(1);

    const stopped = api.stop();

    const { status, body } = await waiting;
    expect([status, body.state]).toEqual([202, "running"]);
    held.open();
    await stopped;
    const [task] = await place.sql`select state from tasks where id = ${body.task_id}`;
    expect(task).toEqual({ state: "succeeded" });
    expect(api.complaints()).toBe("");
  }, 120_000);
});
