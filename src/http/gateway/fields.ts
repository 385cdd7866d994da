/**
 * Fields of the bodies that the gateway's management takes, with what it says of them.
 *
 * A message goes on from the name of its field: `handlingAction`, `is required`. What may
 * be left out may be `null` too.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { ENDPOINT_METHODS } from "../../domain/api-proxy/api-proxy.ts";
import { textFault } from "../../domain/source/key-spelling.ts";

interface Issue {
  readonly code?: string | undefined;
  readonly input?: unknown;
}

/** What is said of a value that is not of its kind, or not there. */
export const must =
  (rule: string) =>
  ({ code, input }: Issue): string | undefined => {
    if (code === "unrecognized_keys") return undefined;
    return input === undefined || input === null ? "is required" : `must ${rule}`;
  };

/** Text that can be kept and compared: Unicode without controls. */
export const text = (least: number, most: number) =>
  z
    .string({ error: must("be a text") })
    .superRefine((value, context) => {
      const message = textProblem(value, least, most);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .openapi({ minLength: least, maxLength: most });

function textProblem(value: string, least: number, most: number): string | undefined {
  if (textFault(value) !== undefined) {
    return "must be Unicode text without control characters";
  }
  const length = [...value].length;
  if (length >= least && length <= most) return undefined;
  return least === 0
    ? `must not have more than ${most} characters`
    : `must have ${least} to ${most} characters`;
}

export const flag = () => z.boolean({ error: must("be true or false") });

export const wholeNumber = (least: number, most: number) => {
  const error = must(`be a whole number from ${least} to ${most}`);
  return z.int({ error }).min(least, { error }).max(most, { error });
};

export const oneOf = <const V extends readonly string[]>(values: V) =>
  z.enum(values, { error: must(`be one of ${values.join(", ")}`) });

/** An object without any other field. */
export const fields = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, { error: must("be an object") });

export const description = text(0, 2_000)
  .nullish()
  .openapi({ description: "For people" });

export const httpMethod = oneOf(ENDPOINT_METHODS).openapi({
  description: "HTTP method for the endpoint",
  example: "GET",
});

/** Of an endpoint that there may be: compared as it is. */
export const endpointName = text(1, 2_000).openapi({
  description: "The path of the endpoint, with `{param}` segments",
  example: "/api/users",
});

export const ProjectParams = z.object({
  projectName: z.string().openapi({
    description: "Project name",
    example: "MyProject",
  }),
});

export const ProxyParams = ProjectParams.extend({
  apiProxyName: z.string().openapi({
    description: "API Proxy name",
    example: "MyAPI",
  }),
});
