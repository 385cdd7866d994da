import { describe, expect, test } from "bun:test";
import { claimsToken, credentialsIn } from "../../../src/domain/access/credentials.ts";

const none = { _tag: "None" } as const;
const token = (text: string) => ({ _tag: "Token", token: text }) as const;
const contradictory = { _tag: "Contradictory" } as const;

describe("credentialsIn()", () => {
  test.each([
    [undefined, undefined, none],
    ["Bearer uc_a", undefined, token("uc_a")],
    ["bearer uc_a", undefined, token("uc_a")],
    ["BEARER   uc_a ", undefined, token("uc_a")],
    [undefined, "uc_a", token("uc_a")],
    [undefined, " uc_a ", token("uc_a")],
    ["Bearer uc_a", "uc_a", token("uc_a")],
    ["Bearer uc_a", "uc_b", contradictory],
    ["Bearer uc_a", "UC_A", contradictory],
    ["Basic dXNlcjp4", undefined, none],
    ["Basic dXNlcjp4", "uc_a", token("uc_a")],
    ["Bearer", undefined, none],
    ["Bearer ", undefined, none],
    ["Bearer a b", undefined, none],
    ["Beareruc_a", undefined, none],
    ["x Bearer uc_a", undefined, none],
    ["", "", none],
    [undefined, "", none],
    [undefined, "  ", none],
  ])("Authorization %p and X-API-Key %p", (authorization, apiKey, expected) => {
    expect(credentialsIn(authorization, apiKey)).toEqual(expected as never);
  });
});

describe("claimsToken()", () => {
  test.each([
    [undefined, undefined, false],
    ["Basic dXNlcjp4", undefined, false],
    ["Bearerish x", undefined, false],
    ["", undefined, false],
    ["Bearer uc_a", undefined, true],
    ["bearer", undefined, true],
    ["Bearer a b", undefined, true],
    [undefined, "uc_a", true],
    [undefined, "", true],
  ])("with Authorization %p and X-API-Key %p: %p", (authorization, apiKey, expected) => {
    expect(claimsToken(authorization, apiKey)).toBe(expected);
  });
});
