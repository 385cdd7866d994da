/**
 * The envelope on the wire, and in the OpenAPI document.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { errorHeaderText } from "../header-schemas.ts";
import { answered } from "../json-content.ts";
import type { Tag } from "../problem-rows.ts";
import { problemSamples } from "../problem-samples.ts";
import { type CodeOf, told } from "./error-messages.ts";
import { type MessageCode, type Refusal, refusals } from "./message-codes.ts";

const FieldFaultSchema = z.object({ field: z.string(), message: z.string() });

const FailureSchema = z
  .object({
    success: z.literal(false),
    error: z.literal(true),
    error_id: z.string().openapi({ description: "As in `X-Request-Id`: the log has it" }),
    category: z.enum([
      "validation",
      "authentication",
      "authorization",
      "security",
      "business",
      "system",
    ]),
    severity: z.enum(["low", "medium", "high"]),
    message_code: z.string().openapi({ description: "Stable, for programs" }),
    message: z.string().openapi({
      description: "Chinese, or English where `Accept-Language` would rather have that",
    }),
    timestamp: z.iso.datetime(),
    recoverable: z.boolean().openapi({
      description:
        "Whether the same caller may succeed with the same or a mended request",
    }),
    suggestions: z.array(z.string()),
    context: z.object({
      errors: z
        .array(FieldFaultSchema)
        .optional()
        .openapi({ description: "What is wrong where, with VALIDATION_ERROR" }),
    }),
  })
  .openapi("FailureEnvelope", { description: "How the admin face says no" });

export type FailureBody = z.infer<typeof FailureSchema>;

/** Without `data` where there is none. */
export type SuccessBody<Data> = z.infer<typeof DoneSchema> &
  (Data extends undefined ? unknown : { data: Data });

/** A success that carries nothing. */
const DoneSchema = z.object({
  success: z.literal(true),
  error: z.literal(false),
  message: z.string().openapi({ example: "操作成功" }),
  timestamp: z.iso.datetime().openapi({ example: "2026-01-08T00:00:00.000Z" }),
});

/** A success that carries `data`. */
const successSchema = <Data extends z.ZodType>(data: Data) => DoneSchema.extend({ data });

const envelopeHeadersSchema = {
  "Cache-Control": {
    description: "`no-store`",
    schema: { type: "string" as const },
    example: "no-store",
  },
  "Content-Language": {
    description: "Of the message",
    schema: { type: "string" as const, enum: ["zh", "en"] },
    example: "zh",
  },
};

/** A success of a route that has `data` to give, for its `responses`. */
export const successResponse = <Data extends z.ZodType>(
  description: string,
  data: Data,
) => ({
  ...answered(description, successSchema(data)),
  headers: envelopeHeadersSchema,
});

/** A success of a route that has nothing to give. */
export const doneResponse = (description: string) => ({
  ...answered(description, DoneSchema),
  headers: envelopeHeadersSchema,
});

type StatusOf<T extends Tag> = (typeof refusals)[CodeOf<T>]["status"];

/** The `responses` entries for a route of the admin face that can fail with `tags`. */
export function envelopeResponses<const T extends Tag>(...tags: readonly T[]) {
  const samples = tags.map((tag) => told(problemSamples[tag].error, "zh"));
  const byStatus = Map.groupBy(samples, ({ code }) => refusals[code].status);
  const responses = [...byStatus].map(([status, all]) => {
    const examples = all.map(({ code, message }) => [code, exampleOf(code, message)]);
    const headers = all.flatMap(({ headers }) =>
      Object.keys(headers).map((name) => [
        name,
        {
          description: errorHeaderText(name),
          schema: { type: "string" as const },
        },
      ]),
    );
    return [status, describe(Object.fromEntries(examples), Object.fromEntries(headers))];
  });
  // Safe because every tag contributes exactly its own status as a key.
  return Object.fromEntries(responses) as {
    [K in T as StatusOf<K>]: ReturnType<typeof describe>;
  };
}

interface Example {
  readonly summary: string;
  readonly value: FailureBody;
}

const describe = (
  examples: Record<string, Example>,
  headers: Record<string, { description: string; schema: { type: "string" } }>,
) => ({
  description: Object.keys(examples).join(", or: "),
  headers: { ...envelopeHeadersSchema, ...headers },
  content: { "application/json": { schema: FailureSchema, examples } },
});

function exampleOf(code: MessageCode, message: string): Example {
  const { category, severity, recoverable, suggestions }: Refusal = refusals[code];
  return {
    summary: code,
    value: {
      success: false,
      error: true,
      error_id: "req-1",
      category,
      severity,
      message_code: code,
      message,
      timestamp: "2026-01-08T00:00:00.000Z",
      recoverable,
      suggestions: suggestions.map(({ zh }) => zh),
      context: {},
    },
  };
}
