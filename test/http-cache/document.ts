/**
 * `docs/http-cache-tests.md`, made from the committed results.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { left } from "./left.ts";
import { readReport, type Report } from "./report.ts";
import { rivals } from "./rivals/rivals.ts";
import { kinds, type ResultsOfGroup, scoreOf, standardKinds } from "./scores.ts";
import { type Kind, suiteVersion } from "./suite.ts";

export const documentPath = fileURLToPath(
  new URL("../../docs/http-cache-tests.md", import.meta.url),
);

export const OURS = "uni-cache";

export interface Column {
  readonly title: string;
  readonly report: Report;
}

/** Ours first; those that have been run. */
export async function columns(): Promise<readonly Column[]> {
  const all = [{ id: OURS, title: "Uni-Cache" }, ...rivals];
  const read = await Promise.all(
    all.map(async ({ id, title }) => {
      const report = await readReport(id);
      return report === undefined ? [] : [{ title, report }];
    }),
  );
  return read.flat();
}

const words: Readonly<Record<Kind, string>> = {
  required: "required",
  optimal: "optimal",
  check: "checks answered with yes",
};

/** Totals, one cache a row. */
export function totals(of: readonly Column[]): string {
  return table(
    ["cache", "version", ...kinds.map((kind) => words[kind])],
    of.map(({ title, report: { version, results } }) => [
      title,
      version,
      ...kinds.map((kind) => score(Object.values(results), kind)),
    ]),
  );
}

/** Each group of tests, one cache a column: required, optimal. */
export function byGroup(of: readonly Column[]): string {
  const groups = new Set(of.flatMap(({ report }) => Object.keys(report.results)));
  const rows: (readonly string[])[] = [];
  for (const group of [...groups].toSorted()) {
    const cells = of.map(({ report }) => {
      const results = [report.results[group]];
      return standardKinds.map((kind) => score(results, kind)).join(", ");
    });
    if (cells.some((cell) => cell !== "–, –")) rows.push([group, ...cells]);
  }
  return table(["tests", ...of.map(({ title }) => title)], rows);
}

function score(groups: readonly (ResultsOfGroup | undefined)[], kind: Kind): string {
  const { passed, total } = scoreOf(groups, kind);
  return total === 0 ? "–" : `${passed}/${total}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}

export function document(of: readonly Column[]): string {
  return `# HTTP caches compared

The public suite of tests for HTTP caches, npm \`http-cache-tests\` ${suiteVersion}, the one behind cache-tests.fyi, against
the gateway with \`ttl\` left out, and in the same run against others from Debian's packages with the settings that the
suite's author runs them with. \`npm run http-cache\` measures the gateway anew and writes this file; with \`rivals\` behind
it installs the others where they are missing, and measures them too.

A *required* test asks for what a standard demands, an *optimal* one for what it allows and makes a better cache; a
*check* asks what a cache does where either is right. A test that can't be judged, because what it needs first failed,
is not passed. Tests for browsers are left out, and so are those of \`Surrogate-Control\`, which is no standard.

${totals(of)}

## By group

Required, optimal.

${byGroup(of)}

\`.ci/run\` runs the suite with both storage types, and fails where a required or optimal test that was passed no longer
is. What fails at first is run again, by itself, at most twice: the tests wait for seconds to pass.

## What we leave

${left.map(({ ids, reason }) => `- ${ids.map((id) => `\`${id}\``).join(", ")}: ${reason}`).join("\n")}
`;
}
