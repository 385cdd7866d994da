/**
 * How long what an upstream said is kept trying to be stored.
 *
 * It was paid for by a scarce call, or says that none may follow: an outage of the store
 * must not lose it at once. Twelve seconds in all.
 *
 * @module
 */
import * as Schedule from "effect/Schedule";

export const storeAgain = { schedule: Schedule.exponential("200 millis"), times: 6 };
