/**
 * An answer that takes a while, so that calls are under way when something happens.
 *
 * @module
 */
import { type Answer, json } from "../support/counting-upstream.ts";

const MILLIS = 250;

/** Answers with what was asked for. */
export const slowly: Answer = (request, response) => {
  setTimeout(() => json({ path: request.url })(request, response), MILLIS);
};
