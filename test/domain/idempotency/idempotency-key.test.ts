import { describe, expect, test } from "bun:test";
import { idempotencyKeyFault } from "../../../src/domain/idempotency/idempotency-key.ts";

describe("idempotencyKeyFault()", () => {
  test.each([
    ["a UUID", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ["a structured string", '"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
    ["one character", "k"],
    ["255 characters", "k".repeat(255)],
    ["every printable character", " !~ aZ 09"],
  ])("takes %s", (_, text) => {
    expect(idempotencyKeyFault(text)).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["256 characters", "k".repeat(256)],
    ["10 kB", "k".repeat(10_000)],
    ["a tab", "a\tb"],
    ["a delete", "a\x7f"],
    ["a letter beyond ASCII", "clé"],
  ])("refuses %s", (_, text) => {
    expect(idempotencyKeyFault(text)).toMatch(/^Must /);
  });
});
