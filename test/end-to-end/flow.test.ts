import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { countingUpstream } from "../support/counting-upstream.ts";
import { adminToken } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const flow = `${root}/demo/flow.sh`;

describe("the flow that the README shows", () => {
  test("is the script", () => {
    const readme = readFileSync(`${root}/README.md`, "utf8");
    const shown = /```sh\n(# Once: name the upstream[\s\S]*?)```/.exec(readme)?.[1];
    expect(shown).toBeDefined();
    expect(readFileSync(flow, "utf8")).toEndWith(`\n${shown}`);
  });

  test.skipIf(Bun.which("curl") === null)(
    "goes from a new source to a hit, with curl",
    async () => {
      await using place = await sharedDatabase();
      await using upstream = await countingUpstream();
      await using api = await startApi(place.environment);
      const run = Bun.spawn(["sh", flow], {
        env: {
          PATH: process.env["PATH"] ?? "",
          UC_URL: api.url,
          UC_TOKEN: adminToken,
          UPSTREAM: upstream.url,
        },
        stderr: "pipe",
      });
      const output = await new Response(run.stdout).text();
      expect([await run.exited, await new Response(run.stderr).text()]).toEqual([0, ""]);

      const answers = output.split(/^> /m).slice(1);
      const seen = answers.map((answer) => {
        const [, status] = /^HTTP\/1\.1 (\d+)/m.exec(answer) ?? [];
        const [, label] = /^x-uc-cache: (\w+)/im.exec(answer) ?? [];
        return [status, label].filter(Boolean).join(" ");
      });
      expect(seen).toEqual([
        "201",
        "202 MISS",
        expect.stringMatching(/^200 (MISS|HIT)$/),
        "200 HIT",
        "202",
        "200",
        "200",
        "204",
        "200 BYPASS",
        "200",
        "200",
        "200",
      ]);
      const last = (index: number) =>
        JSON.parse(answers.at(index)?.split("\r\n\r\n")[1] ?? "");
      expect(last(-1).cache.hit).toBeGreaterThan(0);
      expect(last(-2)).toEqual({ items: [], next_cursor: null });
      expect(last(-3).per_minute).toBe(5);
    },
    120_000,
  );
});
