import { describe, expect, test } from "bun:test";
import { isSecretHeader, refuseHeader } from "../../../src/domain/source/header-rules.ts";

describe("isSecretHeader()", () => {
  test.each([
    "Accept",
    "accept-language",
    "ACCEPT-ENCODING",
    "Content-Type",
    "user-agent",
  ])("shows the values of %s", (name) => {
    expect(isSecretHeader(name)).toBe(false);
  });

  test.each([
    "Authorization",
    "X-API-Key",
    "Cookie",
    "X-Accept",
    "Acceptor",
    "User-Agents",
    "Content-Type-X",
    "",
  ])("hides the values of %j", (name) => {
    expect(isSecretHeader(name)).toBe(true);
  });
});

describe("refuseHeader()", () => {
  test.each([
    ["Authorization", "Bearer abc~!"],
    ["X-Empty", ""],
    ["Teapot", "1"],
    ["X-Host", "a"],
    ["Upgrade-Insecure-Requests", "1"],
  ])("lets %s: %s pass", (name, value) => {
    expect(refuseHeader(name, value)).toBeUndefined();
  });

  test.each([
    "Connection",
    "keep-alive",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "trailer",
    "Transfer-Encoding",
    "UPGRADE",
    "Host",
    "content-length",
  ])("refuses %s", (name) => {
    expect(refuseHeader(name, "x")).toBeString();
  });

  test.each(["", " X", "X Y", "X:", ":path", "X\n", "X\0", "Ü", "X(Y)", "a/b"])(
    "refuses the name %j",
    (name) => {
      expect(refuseHeader(name, "x")).toBeString();
    },
  );

  test.each(["a\r\nX: y", "a\n", "\0", "a\tb", "\x7F", "é", "上", "\uD800"])(
    "refuses the value %j and doesn't repeat it",
    (value) => {
      const reason = refuseHeader("X-Key", `sesame${value}`);

      expect(reason).toBeString();
      expect(reason).not.toContain("sesame");
    },
  );
});
