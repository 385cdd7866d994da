/**
 * Proves the OpenAPI document with other people's tools: Spectral finds nothing to complain of, a
 * client made from it compiles and works with the running service, and Prism between them
 * sees no request and no answer that is not as described.
 *
 * Not a part of `npm test`: the tools are heavy. `.ci/run` installs them in this folder and
 * runs `bun test ./test/openapi/proof.ts`.
 *
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { adminToken } from "../end-to-end/client.ts";
import { type Place, sharedDatabase } from "../end-to-end/places.ts";
import { type RunningApi, startApi } from "../end-to-end/processes.ts";
import { type CountingUpstream, countingUpstream } from "../support/counting-upstream.ts";
import { type Client, clientOf } from "./client.ts";
import { documentPath, goodAnswers, keepDocument } from "./document.ts";
import { flow } from "./flow.ts";
import { fetchUnviolated, type Prism, startPrism } from "./prism.ts";
import { commandOf, ended, folder } from "./tools.ts";

const TOOL_MILLIS = 180_000;
const STEP_MILLIS = 120_000;

let place: Place;
let api: RunningApi;

beforeAll(async () => {
  place = await sharedDatabase();
  api = await startApi(place.environment);
  await keepDocument(api.url);
}, TOOL_MILLIS);

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
}, TOOL_MILLIS);

describe("the OpenAPI document", () => {
  test(
    "breaks no rule of Spectral's, nor ours",
    async () => {
      const { output, complaints } = await ended(
        commandOf(
          "spectral",
          "lint",
          documentPath,
          `--ruleset=${folder}spectral.yaml`,
          "--format=json",
          "--quiet",
        ),
      );

      expect(complaints).toBe("");
      expect(toLines(output)).toEqual([]);
    },
    TOOL_MILLIS,
  );

  test(
    "makes types that a strict compiler takes, together with what a client does with them",
    async () => {
      const made = await ended(
        commandOf(
          "openapi-typescript",
          documentPath,
          `--output=${folder}.cache/api.d.ts`,
        ),
      );
      expect([made.code, made.complaints]).toEqual([0, ""]);

      const compiler = `${folder}../../node_modules/.bin/tsc`;
      const checked = await ended([process.execPath, compiler, "--noEmit", "-p", folder]);

      expect([checked.output, checked.complaints, checked.code]).toEqual(["", "", 0]);
    },
    TOOL_MILLIS,
  );
});

describe("a client made from it", () => {
  const upstream = sharedUpstream();
  const heard = new Set<string>();
  let client: Client;

  beforeAll(() => {
    client = clientOf(api.url, {
      token: adminToken,
      heard: (answer) => heard.add(answer),
    });
  });

  for (const { title, run } of flow) {
    test(
      title,
      () => run({ client, upstream: upstream(), sourceId: "direct" }),
      STEP_MILLIS,
    );
  }

  test("has heard every good answer that is described", async () => {
    expect((await goodAnswers()).filter((answer) => !heard.has(answer))).toEqual([]);
  });
});

describe("the same client through Prism", () => {
  const upstream = sharedUpstream();
  let prism: Prism;
  let client: Client;

  beforeAll(async () => {
    prism = await startPrism(api.url);
    client = clientOf(prism.url, { token: adminToken, fetch: fetchUnviolated });
  }, TOOL_MILLIS);

  afterAll(() => prism?.[Symbol.asyncDispose]());

  test("is stopped when a request is not as described", async () => {
    const params = {
      path: { source_id: "proxied" },
      query: { keep_cache: "maybe" as "1" },
    };
    const asked = client.DELETE("/api/v1/sources/{source_id}", { params });

    await expect(asked).rejects.toThrow("keep_cache");
  });

  for (const { title, run } of flow) {
    test(
      title,
      () => run({ client, upstream: upstream(), sourceId: "proxied" }),
      STEP_MILLIS,
    );
  }
});

/** An upstream for the tests of one `describe`, there once they run. */
function sharedUpstream(): () => CountingUpstream {
  let upstream: CountingUpstream | undefined;
  beforeAll(async () => {
    upstream = await countingUpstream();
  });
  afterAll(() => upstream?.[Symbol.asyncDispose]());
  return () => {
    if (upstream === undefined) throw new Error("Asked for before the tests run");
    return upstream;
  };
}

interface Complaint {
  readonly code: string;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Spectral's complaints, one a line. */
function toLines(output: string): readonly string[] {
  const complaints: readonly Complaint[] = JSON.parse(output);
  return complaints.map(
    ({ code, path, message }) => `${path.join(".")} ${code}: ${message}`,
  );
}
