/**
 * What a request that changed something makes doubtful.
 *
 * Source: RFC 9111 §4.4.
 *
 * @module
 */
import { firstLine } from "./field-value.ts";
import { isSafeMethod } from "./methods.ts";
import type { RequestHead, ResponseHead } from "./message.ts";

/**
 * The URIs to invalidate, absolute and without fragments, the target first; none where nothing
 * is to be.
 *
 * "A cache MUST invalidate the target URI … when it receives a non-error status code in response
 * to an unsafe request method (including methods whose safety is unknown)"; it "MAY invalidate"
 * those of `Location` and `Content-Location`, but "MUST NOT trigger an invalidation … if the
 * origin … of the URI to be invalidated differs from that of the target URI". "a 'non-error
 * response' is one with a 2xx (Successful) or 3xx (Redirection) status code".
 *
 * @example A creation
 * ```ts
 * import { invalidatedUris } from "./invalidation.ts";
 *
 * const request = { method: "POST", headers: [], url: "https://a.example/users" };
 * const response = { status: 201, headers: [["Location", "users/7"]] as const };
 * invalidatedUris(request, response); // => ["https://a.example/users", "https://a.example/users/7"]
 * ```
 */
export function invalidatedUris(
  request: RequestHead & { readonly url: string },
  { status, headers }: ResponseHead,
): readonly string[] {
  if (isSafeMethod(request.method) || status < 200 || status > 399) return [];
  const target = new URL(request.url);
  const others = ["location", "content-location"].flatMap((name) => {
    const reference = firstLine(headers, name);
    if (reference === undefined || !URL.canParse(reference, target.href)) return [];
    const uri = new URL(reference, target);
    return uri.origin === target.origin ? [uri] : [];
  });
  return [
    ...new Set(
      [target, ...others].map((uri) => {
        uri.hash = "";
        return uri.href;
      }),
    ),
  ];
}
