import { describe, expect, test } from "bun:test";
import { describeApi } from "../src/http/describe-api.ts";
import { version } from "../src/version.ts";

describe("openapi.json", () => {
  test("is what the app serves; `npm run openapi` writes it", async () => {
    const committed = await Bun.file(new URL("../openapi.json", import.meta.url)).json();

    expect(committed).toEqual(JSON.parse(JSON.stringify(describeApi(version))));
  });

  test("names every operation once, with an answer for success", () => {
    const operations = Object.values(describeApi(version).paths ?? {}).flatMap((path) =>
      Object.values(path as Record<string, { operationId: string; responses: object }>),
    );
    const names = operations.map(({ operationId }) => operationId);

    expect(new Set(names).size).toBe(names.length);
    for (const { responses } of operations) {
      expect(Object.keys(responses).some((status) => status.startsWith("2"))).toBe(true);
    }
  });
});
