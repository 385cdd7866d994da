/**
 * What a JSON body must be before a route's schema sees it.
 *
 * @module
 */
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { every } from "hono/combine";
import { problemAnswer } from "./problems.ts";

const MIB = 1024 * 1024;

/** Answers 413, 415 or 400 for a body that is too large, not JSON by its type, or not JSON. */
export const jsonBody = (maxMiB = 1) =>
  every(
    bodyLimit({
      maxSize: maxMiB * MIB,
      onError: (c) =>
        problemAnswer(c, {
          status: 413,
          code: "BODY_TOO_LARGE",
          title: "Body too large",
          detail: `Cannot take a body of more than ${maxMiB} MiB`,
        }),
    }),
    createMiddleware(async (c, next) => {
      if (
        !/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(
          c.req.header("content-type") ?? "",
        )
      ) {
        return problemAnswer(c, {
          status: 415,
          code: "UNSUPPORTED_MEDIA_TYPE",
          title: "Unsupported media type",
          detail: "Cannot read the body: its Content-Type must be application/json",
        });
      }
      const text = new TextDecoder("utf-8", { fatal: true });
      try {
        JSON.parse(text.decode(await c.req.arrayBuffer()));
      } catch {
        return problemAnswer(c, {
          status: 400,
          code: "MALFORMED",
          title: "Request can't be read",
          detail: "Cannot read the body: it is not valid JSON in UTF-8",
          errors: [{ field: "body", message: "Not valid JSON in UTF-8" }],
        });
      }
      return next();
    }),
  );
