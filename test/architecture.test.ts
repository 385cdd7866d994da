import { describe, expect, test } from "bun:test";
import { Glob } from "bun";
import { dirname, join } from "node:path/posix";

/**
 * What each folder of `src/` may import besides its own files. A name that ends
 * in `/` or `:` admits everything under it; any other name admits only itself.
 * `effect` stands for its stable modules, `effect/Effect` and the like, too.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  domain: ["node:crypto", "node:zlib", "structured-headers"],
  services: ["src/domain/", "effect"],
  http: [
    "src/domain/",
    "src/services/",
    "effect",
    "hono",
    "hono/",
    "@hono/zod-openapi",
    "@scalar/hono-api-reference",
    "js-yaml",
  ],
  jobs: ["src/domain/", "src/services/", "effect"],
};

/** For each folder of adapters, besides itself; never another adapter's folder. */
const allowedForAdapters = [
  "src/domain/",
  "src/services/",
  "effect",
  // Lower-case modules are those Effect still calls unstable; only adapters see them.
  "effect/",
  "node:",
  "drizzle-orm",
  "drizzle-orm/",
  "postgres",
];

const files = (await Array.fromAsync(new Glob("src/**/*.{ts,tsx}").scan())).toSorted();

const adapters = [
  ...new Set(
    files.flatMap((file) => /^src\/adapters\/([^/]+)\//.exec(file)?.slice(1) ?? []),
  ),
];

const rules = [
  ...Object.entries(allowed),
  ...adapters.map((name) => [`adapters/${name}`, allowedForAdapters] as const),
];

describe("imports", () => {
  test.each(rules)("src/%s imports only itself and %p", async (folder, permitted) => {
    const own = `src/${folder}/`;
    const strangers: string[] = [];
    for (const file of files.filter((name) => name.startsWith(own))) {
      for (const target of await importsOf(file)) {
        if (![own, ...permitted].some((name) => admits(name, target))) {
          strangers.push(`${file} → ${target}`);
        }
      }
    }
    expect(strangers).toEqual([]);
  });

  test("every folder of src has a rule", () => {
    const folders = new Set(
      files.flatMap((file) => /^src\/([^/]+)\//.exec(file)?.[1] ?? []),
    );

    expect([...folders].toSorted()).toEqual(
      [...Object.keys(allowed), "adapters"].toSorted(),
    );
  });

  test("relative ones carry the extension of a file that is there", async () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const target of await importsOf(file)) {
        const isOurs = target.startsWith("src/") || target === "package.json";
        if (isOurs && !(await Bun.file(target).exists()))
          wrong.push(`${file} → ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe("runtimes", () => {
  test("Bun and Deno are named in the mains only", async () => {
    const strangers: string[] = [];
    for (const file of files.filter((name) => !/^src\/main[^/]*\.ts$/.test(name))) {
      if (/\b(?:Bun|Deno)\s*[.[]/.test(await codeOf(file))) strangers.push(file);
      if ((await importsOf(file)).some((target) => /^bun(?::|$)/.test(target))) {
        strangers.push(file);
      }
    }
    expect(strangers).toEqual([]);
  });
});

describe("clocks", () => {
  test("domain and services read no clock of their machine", async () => {
    const strangers: string[] = [];
    for (const file of files.filter((name) => /^src\/(?:domain|services)\//.test(name))) {
      const code = await codeOf(file);
      if (/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b/.test(code)) {
        strangers.push(file);
      }
    }
    expect(strangers).toEqual([]);
  });
});

describe("files", () => {
  test("none is named for being left over", () => {
    const vague =
      /(?:^|\/)(?:utils?|helpers?|common|libs?|misc|types?|interfaces?|constants?|index)(?:\.tsx?$|\/)/;

    expect(files.filter((file) => vague.test(file))).toEqual([]);
  });

  test("every one begins by saying what it is for", async () => {
    const silent: string[] = [];
    for (const file of files) {
      const text = await Bun.file(file).text();
      if (!/^\/\*\*\n \* [^@\n][\s\S]*?\n \* @module\n \*\/\n/.test(text))
        silent.push(file);
    }
    expect(silent).toEqual([]);
  });
});

test("docs/http-caching.md names functions and tests that there are", async () => {
  const rows = (await Bun.file("docs/http-caching.md").text())
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells[3]?.includes(".ts`") === true);
  const gone: string[] = [];
  for (const [, section = "", , code = "", tests = ""] of rows) {
    let text = "";
    for (const [, name = ""] of code.matchAll(/`([a-z][\w-]*(?:\.ts)?)`/g)) {
      const file = Bun.file(`src/domain/http-cache/${name}`);
      if (!name.endsWith(".ts")) {
        if (!new RegExp(`\\bfunction ${name}\\b`).test(text))
          gone.push(`${section} ${name}`);
      } else if (await file.exists()) text = await file.text();
      else gone.push(`${section} ${name}`);
    }
    for (const [, name = ""] of tests.matchAll(/`([\w./-]+)`/g)) {
      const found = await Array.fromAsync(new Glob(`test/**/${name}`).scan());
      if (found.length === 0) gone.push(`${section} ${name}`);
    }
  }

  expect(rows.length).toBeGreaterThan(30);
  expect(gone).toEqual([]);
});

function admits(name: string, target: string): boolean {
  if (name === "effect" && /^effect\/[A-Z]\w*$/.test(target)) return true;
  return /[/:]$/.test(name) ? target.startsWith(name) : target === name;
}

/** The text of `file` without its comments, which may hold examples. */
async function codeOf(file: string): Promise<string> {
  return (await Bun.file(file).text())
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^\s*\/\/.*$/gm, "");
}

/** Import targets of `file`, relative ones resolved from the repository root. */
async function importsOf(file: string): Promise<readonly string[]> {
  const code = await codeOf(file);
  const statics = code.matchAll(
    /^(?:import|export)\b(?:[^;"]*?\bfrom\s+)?\s*"([^"]+)"/gm,
  );
  const dynamics = code.matchAll(/\bimport\(\s*"([^"]+)"/g);
  return [...statics, ...dynamics].map(([, target = ""]) =>
    target.startsWith(".") ? join(dirname(file), target) : target,
  );
}
