import { afterAll, describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

interface Example {
  readonly title: string;
  readonly code: string;
}

const folder = await mkdtemp(join(tmpdir(), "uni-cache-examples-"));
afterAll(() => rm(folder, { recursive: true }));

for (const file of (await Array.fromAsync(new Glob("src/**/*.ts").scan())).toSorted()) {
  const source = await Bun.file(file).text();
  const examples = examplesIn(source);
  if (!source.includes("@example")) continue;

  describe(`examples in ${file}`, () => {
    test("each has a title and a fence", () => {
      expect(examples).toHaveLength(source.split("@example").length - 1);
    });

    for (const [index, { title, code }] of examples.entries()) {
      test(title, async () => {
        const module = join(folder, `${file.replaceAll("/", "-")}-${index}.ts`);
        await Bun.write(module, toModule(code, dirname(resolve(file))));
        const { outcomes } = await import(module);

        expect(outcomes).not.toBeEmpty();
        for (const [actual, expected] of outcomes) expect(actual).toEqual(expected);
      });
    }
  });
}

/** Every titled `@example` with a `ts` fence in `source`, comment stars removed. */
function examplesIn(source: string): readonly Example[] {
  const pattern = /@example (.+)\n \* ```ts\n([\s\S]*?) \* ```/g;
  return [...source.matchAll(pattern)].map(([, title = "", body = ""]) => ({
    title,
    code: body.replaceAll(/^ \* ?/gm, ""),
  }));
}

/** A module that exports `[actual, expected]` for each `expression; // => value` line. */
function toModule(code: string, home: string): string {
  const body = code
    .replaceAll(/from "(\.[^"]+)"/g, (_, path: string) => `from "${join(home, path)}"`)
    .replaceAll(/^(.+); \/\/ => (.+)$/gm, "outcomes.push([$1, $2]);");
  return `export const outcomes: unknown[][] = [];\n${body}`;
}
