import { describe, expect, test } from "bun:test";
import {
  requestFingerprint,
  type RequestText,
  sameRequest,
} from "../../../src/domain/idempotency/request-fingerprint.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const invalidate: RequestText = {
  method: "POST",
  target: "/api/v1/cache/weather/%2Foslo/invalidate?soft=1",
  body: bytes("{}"),
};

const same = (other: RequestText) =>
  sameRequest(requestFingerprint(invalidate), requestFingerprint(other));

describe("requestFingerprint()", () => {
  test("is the SHA-256 of the parts, told apart by line ends", () => {
    const fingerprint = requestFingerprint({
      method: "POST",
      target: "/",
      body: bytes("a"),
    });

    const expected = new Bun.CryptoHasher("sha256").update("POST\n/\na").digest();
    expect([...fingerprint]).toEqual([...expected]);
  });

  test("is the same for the same request", () => {
    expect(same({ ...invalidate, body: bytes("{}") })).toBe(true);
  });

  test.each([
    ["method", { method: "PUT" }],
    ["path", { target: "/api/v1/cache/weather/%2FOslo/invalidate?soft=1" }],
    ["query", { target: "/api/v1/cache/weather/%2Foslo/invalidate" }],
    ["body", { body: bytes("{ }") }],
    ["body that is none", { body: bytes("") }],
  ])("is another for another %s", (_, changes) => {
    expect(same({ ...invalidate, ...changes })).toBe(false);
  });

  test("does not take the end of one part for the begin of the next", () => {
    const body = requestFingerprint({
      method: "POST",
      target: "/a",
      body: bytes("b\nc"),
    });
    const target = requestFingerprint({
      method: "POST",
      target: "/a\nb",
      body: bytes("c"),
    });
    const moved = requestFingerprint({
      method: "POST",
      target: "/ab",
      body: bytes("\nc"),
    });

    expect(sameRequest(body, moved)).toBe(false);
    // A target has no line end: this one can't be sent.
    expect(sameRequest(body, target)).toBe(true);
  });
});
