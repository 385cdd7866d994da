/**
 * The codes of failures, whichever face tells them; the gateway's by those of the API's own.
 *
 * @module
 */

interface Failure {
  readonly error: string;
  readonly error_description: string;
}

/** The code in an answer of any face; `undefined` in one that is no failure. */
export function codeOf(body: {
  readonly code?: string;
  readonly message_code?: string;
  readonly error?: unknown;
}): string | undefined {
  // Safe because only the gateway's failures have a word there.
  if (typeof body.error === "string") return codeOfGateway(body as unknown as Failure);
  return body.code ?? body.message_code;
}

/** A code that tells the failures apart which the gateway calls `forbidden`. */
function codeOfGateway({ error, error_description }: Failure): string {
  if (error === "unauthorized_client") return "AUTHENTICATION_REQUIRED";
  if (error !== "forbidden") return error;
  if (error_description.includes("permission")) return "PERMISSION_REQUIRED";
  if (error_description.includes("allow list")) return "ADDRESS_NOT_ALLOWED";
  return error_description.includes("without the session's token")
    ? "CSRF_MISSING"
    : "CSRF_INVALID";
}
