import { afterAll, describe, expect, test } from "bun:test";
import * as Effect from "effect/Effect";
import { readyToCall } from "../../src/services/refresh/call-upstream.ts";
import { type RawServer, rawServer } from "../adapters/upstream/raw-server.ts";
import { testService } from "../support/service.ts";
import { refreshedSource } from "./refreshing.ts";

const service = await testService({ worker: "off" });
afterAll(() => service[Symbol.asyncDispose]());

const EMPTY =
  "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
const urlOf = ({ origin }: RawServer) => `http://127.0.0.1:${origin.port}`;

describe("refreshKey() of a key that the template admits no more", () => {
  test("calls nobody, and leaves its connection to the next call", async () => {
    await using upstream = await rawServer((socket) => socket.write(EMPTY));
    const source = await refreshedSource(service, urlOf(upstream), {
      key_template: "/air/{{city}}",
    });

    const ready = await service.run(readyToCall(source.known));
    const dropped = await source.refresh("/weather/Oslo", Effect.succeed(ready));
    const next = await source.refresh("/air/Oslo");

    expect(dropped.outcome).toMatchObject({ error: { code: "KEY_NOT_ADMITTED" } });
    expect(next.outcome._tag).toBe("Updated");
    expect([upstream.requests.length, upstream.sockets.length]).toEqual([1, 1]);
  });
});
