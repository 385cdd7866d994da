/**
 * Finds the endpoint of an API proxy that a request is for.
 *
 * @module
 */
import type { Endpoint } from "./api-proxy.ts";

export type Match =
  /** `params`: the `{param}` segments by name, decoded. `backendPath` begins with `/`. */
  | {
      readonly _tag: "Matched";
      readonly endpoint: Endpoint | undefined;
      readonly params: Readonly<Record<string, string>>;
      readonly backendMethod: string;
      readonly backendPath: string;
    }
  | { readonly _tag: "NotFound" }
  | { readonly _tag: "MethodNotAllowed"; readonly allow: readonly string[] };

export interface Router {
  /** `path` begins with `/`, as it came; escapes and case are kept in `backendPath`. */
  readonly match: (method: string, path: string) => Match;
}
