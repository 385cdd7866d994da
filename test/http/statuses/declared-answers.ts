/**
 * The answers that a route declares: each status, and with a problem each of its codes.
 *
 * @module
 */
import type { DeclaredRoute } from "../../../src/http/route.ts";

interface Declared {
  readonly content?: Readonly<Record<string, { readonly examples?: object }>>;
}

const PROBLEM = 400;

/** Such as `200` and `404 ENTRY_NOT_FOUND`. A problem's codes are the names of its examples. */
export function declaredAnswers(route: DeclaredRoute): readonly string[] {
  return Object.keys(route.responses).flatMap((status) => {
    if (Number(status) < PROBLEM) return [status];
    const { examples = {} } = contentOf(route, status)["application/json"] ?? {};
    const codes =
      route.declaration.face === "gateway" ? errorsIn(examples) : Object.keys(examples);
    return codes.length === 0 ? [status] : codes.map((code) => `${status} ${code}`);
  });
}

/** The gateway has one word for each status, and many sentences. */
const errorsIn = (examples: object): readonly string[] => [
  ...new Set(Object.values(examples).map(({ value }) => value.error)),
];

/** The media types that the status may come with; none where it has no body. */
export const declaredTypes = (route: DeclaredRoute, status: string) =>
  Object.keys(contentOf(route, status));

function contentOf(route: DeclaredRoute, status: string) {
  // Safe because every route describes its answers in place, without `$ref`.
  const described = route.responses[status] as Declared | undefined;
  return described?.content ?? {};
}
