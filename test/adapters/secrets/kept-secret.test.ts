import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  forgetSecret,
  keepSecret,
  readSecret,
} from "../../../src/adapters/secrets/kept-secret.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "uni-cache-secrets-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const program = fileURLToPath(new URL("kept-secret-process.ts", import.meta.url));

describe("keepSecret()", () => {
  test("makes a secret once, and only its owner can read the file", () => {
    const mask = process.umask(0);
    const first = keepSecret(folder, "once", () => "made");
    process.umask(mask);

    expect(first).toEqual({ secret: "made", isNew: true });
    const second = keepSecret(folder, "once", () => "made again");
    expect(second).toEqual({ secret: "made", isNew: false });
    expect(readSecret(folder, "once")).toBe("made");
    expect(statSync(join(folder, "once")).mode & 0o777).toBe(0o600);
  });

  test("makes the folder it is to lie in", () => {
    expect(keepSecret(join(folder, "a/b"), "deep", () => "made").secret).toBe("made");
  });

  test("reads one that was put there by hand, without the line's end", () => {
    writeFileSync(join(folder, "by-hand"), "given\n");

    expect(keepSecret(folder, "by-hand", () => "made")).toEqual({
      secret: "given",
      isNew: false,
    });
  });

  test("takes that of another that was quicker", () => {
    let made = 0;
    const kept = keepSecret(folder, "quick", () => {
      // Another process makes one meanwhile.
      if (++made === 1) keepSecret(folder, "quick", () => "theirs");
      return `made ${made}`;
    });

    expect(kept).toEqual({ secret: "theirs", isNew: false });
  });

  test("gives eight processes that make it at once the same secret, and leaves nothing else", async () => {
    const home = join(folder, "race");
    const children = Array.from({ length: 8 }, () =>
      Bun.spawn([process.execPath, program, home, "raced"], {
        stdin: "pipe",
        stdout: "pipe",
      }),
    );
    const outputs = children.map(({ stdout }) => stdout.getReader());
    await Promise.all(outputs.map((reader) => reader.read()));

    for (const { stdin } of children) stdin.end();
    const secrets = await Promise.all(
      outputs.map(async (reader) =>
        JSON.parse(new TextDecoder().decode((await reader.read()).value)),
      ),
    );

    expect(new Set(secrets.map(({ secret }) => secret)).size).toBe(1);
    expect(secrets[0].secret).toMatch(/^[0-9a-f]{32}$/);
    expect(secrets.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(readdirSync(home)).toEqual(["raced"]);
    expect(statSync(join(home, "raced")).mode & 0o777).toBe(0o600);
  });
});

describe("readSecret()", () => {
  test("finds nothing where nothing is kept, nor after it was forgotten", () => {
    expect(readSecret(folder, "never")).toBeUndefined();
    keepSecret(folder, "forgotten", () => "made");

    forgetSecret(folder, "forgotten");
    forgetSecret(folder, "forgotten");

    expect(readSecret(folder, "forgotten")).toBeUndefined();
  });
});
