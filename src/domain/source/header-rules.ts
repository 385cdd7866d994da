/**
 * Which headers a source may send with every call, and which of their values are secret.
 *
 * Headers about one connection, or about how a message is framed, are the HTTP
 * client's business. Values are ASCII, the only text that all servers read alike.
 *
 * Source: RFC 9110 §5.5 (field values), §5.6.2 (tokens), §7.6.1 (connection headers).
 *
 * @module
 */

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const NOT_SECRET = /^(?:accept(?:-.*)?|content-type|user-agent)$/i;

const HOP_BY_HOP =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i;

/** Tells whether the values of a header are kept encrypted and shown masked. */
export function isSecretHeader(name: string): boolean {
  return !NOT_SECRET.test(name);
}

/** Says why a source can't send this header; never repeats the value. */
export function refuseHeader(name: string, value: string): string | undefined {
  if (!TOKEN.test(name)) return "Not a header name";
  if (HOP_BY_HOP.test(name)) return "Hop-by-hop headers can't be set";
  if (/^(?:host|content-length)$/i.test(name)) return "Follows from the request itself";
  if (!/^[\x20-\x7E]*$/.test(value)) return "The value must be printable ASCII";
  return undefined;
}
