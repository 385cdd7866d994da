import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import { eventually, jsonOf, type TestService, testService } from "../support/service.ts";

let service: TestService;
let upstream: CountingUpstream;

beforeAll(async () => {
  upstream = await countingUpstream();
  service = await testService();
  await service.send("POST", "/api/v1/sources", {
    id: "weather",
    base_url: `${upstream.url}/v1`,
    key_template: "/weather/{{city}}",
    rate_limit: { per_minute: 1_000 },
  });
});

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

const path = (city: string) => `/api/v1/cache/weather/%2Fweather%2F${city}`;
const isStored = (response: Response) => response.status === 200;

describe("GET /api/v1/cache/{source_id}/{key}", () => {
  test("answers 202 for what is not stored, then HIT with the upstream's bytes", async () => {
    upstream.answer((_, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"temp": 29.30,\n "unit":"C"}');
    });

    const missed = await service.request(path("Shanghai"));
    const stored = await eventually(() => service.request(path("Shanghai")), isStored);

    expect(missed.status).toBe(202);
    expect(missed.headers.get("X-UC-Cache")).toBe("MISS");
    expect(missed.headers.get("Location")).toBe(
      `/api/v1/tasks/${missed.headers.get("X-UC-Task-Id")}`,
    );
    expect(stored.headers.get("X-UC-Cache")).toBe("HIT");
    expect(await stored.text()).toStartWith(
      '{"data":{"temp": 29.30,\n "unit":"C"},"meta":{',
    );
  });

  test("answers STALE in the stale window and refreshes behind the answer", async () => {
    upstream.answer(json({ n: 1 }));
    await service.request(path("Oslo"));
    await eventually(() => service.request(path("Oslo")), isStored);
    upstream.answer(json({ n: 2 }));
    await service.age(700_000);

    const stale = await service.request(path("Oslo"));
    const fresh = await eventually(
      () => service.request(path("Oslo")),
      (response) => response.headers.get("X-UC-Cache") === "HIT",
    );

    expect(stale.headers.get("X-UC-Cache")).toBe("STALE");
    expect((await jsonOf(stale)).data).toEqual({ n: 1 });
    expect((await jsonOf(fresh)).data).toEqual({ n: 2 });
  });
});
