import { describe, expect, test } from "bun:test";
import { sessionCookieIn } from "../../../src/domain/access/session-cookie.ts";

describe("sessionCookieIn()", () => {
  test.each([
    [undefined, undefined],
    ["", undefined],
    ["uc_session", undefined],
    ["uc_session=", undefined],
    ["uc_session=a", "a"],
    [" uc_session = a ", "a"],
    ["x=1; uc_session=a;y=2", "a"],
    ["uc_session=pre.1=2", "pre.1=2"],
    ["UC_SESSION=a", undefined],
    ["xuc_session=a; uc_sessionx=b", undefined],
    ["uc_session=a; uc_session=a", "a"],
    ["uc_session=a; uc_session=b", undefined],
    ["uc_session=b; x=1; uc_session=a", undefined],
    ["uc_session=; uc_session=a", undefined],
    ["uc_session=a; uc_session=", undefined],
  ])("in %p is %p", (header, expected) => {
    expect(sessionCookieIn(header)).toBe(expected as never);
  });
});
