import { afterAll, describe, expect, test } from "bun:test";
import type { DeclaredRoute } from "../../src/http/route.ts";
import { type Asking, but, nameOf, prepared, send } from "./statuses/asking.ts";
import { declaredAnswers, declaredTypes } from "./statuses/declared-answers.ts";
import { hostileAskings } from "./statuses/hostile-askings.ts";
import { ownCases } from "./statuses/own-cases.ts";
import { type Case, sharedCases, withoutStore } from "./statuses/shared-cases.ts";
import { credentialsOf, openWorld, ROLES } from "./statuses/world.ts";

const world = await openWorld();
afterAll(() => world[Symbol.asyncDispose]());

const { service } = world.weather;
const { declared } = service;
const JSON_TYPE = "application/json; charset=utf-8";

/** What succeeds on the route. */
const sampleOf = (route: DeclaredRoute): Asking =>
  Object.values(ownCases[nameOf(route)] ?? {})[0] ?? {};

/** Each answer of the route with what brings it about. */
function casesOf(route: DeclaredRoute): readonly (readonly [string, Case])[] {
  const own = Object.entries(ownCases[nameOf(route)] ?? {}).map(
    ([answer, asking]): readonly [string, Case] => [
      answer,
      async () => send(service, await prepared(world, route, asking)),
    ],
  );
  return [...own, ...Object.entries(sharedCases(route, sampleOf(route)))];
}

/** Routes that declare 403 and that every caller may use. */
const refusedToNobody = declared.filter(
  (route) =>
    declaredAnswers(route).includes("403 PERMISSION_REQUIRED") &&
    !casesOf(route).some(([answer]) => answer === "403 PERMISSION_REQUIRED"),
);

describe("the table of statuses", () => {
  test("has one case for each declared answer of each route, and no other", () => {
    const promised = declared.flatMap((route) =>
      declaredAnswers(route)
        .filter(
          (answer) =>
            !(answer === "403 PERMISSION_REQUIRED" && refusedToNobody.includes(route)),
        )
        .map((answer) => `${nameOf(route)} answers ${answer}`),
    );
    const tried = declared.flatMap((route) =>
      casesOf(route).map(([answer]) => `${nameOf(route)} answers ${answer}`),
    );

    expect(promised.filter((line) => !tried.includes(line))).toEqual([]);
    expect(tried.filter((line) => !promised.includes(line))).toEqual([]);
    expect(tried.toSorted()).toEqual(promised.toSorted());
  });

  test("has no case of a route that is not declared", () => {
    const names = new Set(declared.map(nameOf));

    expect(Object.keys(ownCases).filter((name) => !names.has(name))).toEqual([]);
  });
});

describe("each declared answer:", () => {
  for (const route of declared) {
    for (const [answer, ask] of casesOf(route)) {
      test(`${nameOf(route)} answers ${answer}`, async () => {
        const response = await ask(world);

        expect(await declaredAnswer(route, response)).toBe(answer);
        if (response.status >= 400) {
          expect(response.headers.get("Content-Type")).toBe(JSON_TYPE);
        }
      }, 60_000);
    }
  }

  for (const route of refusedToNobody) {
    const { needs } = route.declaration;
    test(`${nameOf(route)} answers 403 to no role: each may ${needs}`, async () => {
      const [succeeds = ""] = Object.keys(ownCases[nameOf(route)] ?? {});
      for (const role of ROLES) {
        const asking = but(sampleOf(route), { headers: credentialsOf(role) });
        const response = await send(service, await prepared(world, route, asking));

        const answer = await declaredAnswer(route, response);
        expect([role, answer]).toEqual([role, succeeds]);
      }
    });
  }
});

describe("no other answer:", () => {
  for (const route of declared) {
    test(`${nameOf(route)} declares whatever it answers`, async () => {
      for (const asking of hostileAskings(route, sampleOf(route))) {
        const ready = await prepared(world, route, asking);
        await declaredAnswer(route, await send(service, ready));
      }
      const ready = await withoutStore(world, route, sampleOf(route));
      await declaredAnswer(route, await send(world.cutOff, ready));
    }, 60_000);
  }
});

/** The status, and the code of a problem; both, and the media type, must be declared. */
async function declaredAnswer(route: DeclaredRoute, response: Response): Promise<string> {
  const { status, headers } = response;
  const text = await response.text();
  const isProblem = (route.declaration.face ?? "api") === "api";
  const answer = status < 400 ? String(status) : `${status} ${codeIn(text)}`;
  const type = headers.get("Content-Type")?.split(";")[0];
  const types = declaredTypes(route, String(status));

  expect(declaredAnswers(route)).toContain(answer);
  if (status >= 400 && isProblem) expect(JSON.parse(text).status).toBe(status);
  if (types.length > 0) expect(types).toContain(type ?? "none");
  else expect([type, text]).toEqual([undefined, ""]);
  return answer;
}

/** Of a problem, of an envelope, or of a failure of the gateway. */
function codeIn(text: string): string {
  const { error, code = error, message_code = code } = JSON.parse(text);
  return message_code;
}
