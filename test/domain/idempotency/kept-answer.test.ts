import { describe, expect, test } from "bun:test";
import { isKept, keptPart } from "../../../src/domain/idempotency/kept-answer.ts";

describe("isKept()", () => {
  test.each([200, 201, 202, 204, 299, 404, 409, 422])("keeps %p", (status) => {
    expect(isKept(status)).toBe(true);
  });

  test.each([199, 300, 304, 400, 401, 403, 410, 413, 415, 429, 499, 500, 502, 503, 504])(
    "does not keep %p",
    (status) => {
      expect(isKept(status)).toBe(false);
    },
  );
});

describe("keptPart()", () => {
  test("is the whole body, and the headers that describe the answer", () => {
    const body = new Uint8Array([1, 2, 3]);

    const kept = keptPart({
      status: 202,
      headers: [
        ["content-type", "application/json"],
        ["Location", "/api/v1/tasks/t_1"],
        ["etag", 'W/"a"'],
        ["retry-after", "3"],
        ["cache-control", "no-store"],
        ["cache-status", "uni-cache; hit"],
        ["x-uc-task-id", "t_1"],
        ["X-UC-Cache", "MISS"],
        ["x-request-id", "first"],
        ["date", "Thu, 01 Jan 1970 00:00:00 GMT"],
        ["set-cookie", "uc_session=secret"],
        ["x-ratelimit-remaining", "4"],
        ["ratelimit", '"minute";r=4;t=12'],
        ["content-length", "3"],
      ],
      body,
    });

    expect(kept.status).toBe(202);
    expect(kept.body).toBe(body);
    expect(kept.headers.map(([name]) => name)).toEqual([
      "content-type",
      "Location",
      "etag",
      "retry-after",
      "cache-control",
      "cache-status",
      "x-uc-task-id",
      "X-UC-Cache",
    ]);
  });
});
