/**
 * The token in a request's headers.
 *
 * Source: RFC 6750 §2.1 (Bearer), RFC 9110 §11.1 (the scheme knows no case).
 *
 * @module
 */

export type Credentials =
  | { readonly _tag: "None" }
  | { readonly _tag: "Token"; readonly token: string }
  /** `Authorization` and `X-API-Key` name different tokens. */
  | { readonly _tag: "Contradictory" };

/** Reads both headers; they may name the same token. An `Authorization` of another scheme is none. */
export function credentialsIn(
  authorization: string | undefined,
  apiKey: string | undefined,
): Credentials {
  const bearer = /^bearer +([^\s]+) *$/i.exec(authorization ?? "")?.[1];
  const key = apiKey?.trim() || undefined;
  if (bearer !== undefined && key !== undefined && bearer !== key) {
    return { _tag: "Contradictory" };
  }
  const token = bearer ?? key;
  return token === undefined || token === ""
    ? { _tag: "None" }
    : { _tag: "Token", token };
}

/** Whether a header claims to hold a token, readable or not; the cookie is ignored then. */
export function claimsToken(
  authorization: string | undefined,
  apiKey: string | undefined,
): boolean {
  return apiKey !== undefined || /^bearer(?: |$)/i.test(authorization ?? "");
}
