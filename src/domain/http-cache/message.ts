/**
 * What the rules of a cache look at: the heads of a request and of its response.
 *
 * Source: RFC 9110 §3.9 (example of an exchange), §5.
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";

export interface RequestHead {
  /** As it came: methods are case-sensitive (RFC 9110 §9.1). */
  readonly method: string;
  readonly headers: HeaderList;
}

export interface ResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
}

/** When a request was sent and when the head of its response had come, Unix milliseconds. */
export interface ExchangeTimes {
  readonly requestAt: number;
  readonly responseAt: number;
}
