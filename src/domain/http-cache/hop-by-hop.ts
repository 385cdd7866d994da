/**
 * Headers that are about one connection and go no further.
 *
 * Source: RFC 9110 §7.6.1 (Connection); RFC 9111 §3.1 (the fields about a proxy).
 *
 * @module
 */
import type { HeaderList } from "../entry/entry.ts";
import { listedNames } from "./field-value.ts";

const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * What is passed on, and stored: "Intermediaries MUST parse a received Connection header
 * field before a message is forwarded and, for each connection-option in this field, remove
 * any header or trailer field(s) from the message with the same name as the
 * connection-option, and then remove the Connection header field itself" (RFC 9110 §7.6.1).
 */
export function endToEndHeaders(headers: HeaderList): HeaderList {
  const listed = new Set(listedNames(headers, "connection"));
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !listed.has(lower);
  });
}
