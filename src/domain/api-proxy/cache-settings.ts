/**
 * What an API proxy, or one of its endpoints, is told to cache, and how.
 *
 * Source: seed 003 ("Cache Settings Object Fields"), contract §7.
 *
 * @module
 */

export const CACHE_KEY_TYPES = ["QUERY_PARAMS", "CUSTOM"] as const;
export const CACHE_STORAGE_TYPES = ["LOCAL", "DISTRIBUTED"] as const;
export const HANDLING_ACTIONS = ["CONTINUE", "STOP"] as const;

type CacheKeyType = (typeof CACHE_KEY_TYPES)[number];
export type CacheStorageType = (typeof CACHE_STORAGE_TYPES)[number];
type HandlingAction = (typeof HANDLING_ACTIONS)[number];

export interface CacheSettings {
  readonly name: string;
  readonly description: string | undefined;
  readonly cacheActive: boolean;
  /** Only GET, and HEAD from it, is looked up or stored. */
  readonly cacheOnlyHttpGetRequests: boolean;
  readonly cacheKeyType: CacheKeyType;
  readonly cacheStorageType: CacheStorageType;
  /** Entries, of these settings. */
  readonly capacity: number;
  /** Seconds; `undefined`: as RFC 9111 says for each response. */
  readonly ttl: number | undefined;
  readonly handlingAction: HandlingAction;
  readonly invalidationRequiresAuthn: boolean;
  readonly cacheNullValue: boolean;
  readonly variableList: readonly Variable[];
}

export const DATA_TYPES = ["STRING", "NUMERIC", "DATE"] as const;
export type DataType = (typeof DATA_TYPES)[number];

/** A value of the request that is part of a `CUSTOM` key. */
export interface Variable {
  readonly name: string;
  readonly dataType: DataType;
  readonly from: VariableSource;
}

/** Where a variable's value comes from; `HEADER` and `PARAMETER` without more read `name`. */
export type VariableSource =
  | { readonly type: "HEADER"; readonly headerName: string }
  | {
      readonly type: "PARAMETER";
      readonly paramType: "QUERY" | "PATH" | "FORM";
      readonly paramName: string;
    }
  | { readonly type: "BODY"; readonly jsonPathValue: string }
  | { readonly type: "CONTEXT_VALUES"; readonly contextValue: ContextValue };

export const CONTEXT_VALUES = [
  "REQUEST_HTTP_METHOD",
  "REQUEST_REMOTE_ADDRESS",
  "REQUEST_PATH_INFO",
  "REQUEST_QUERY_STRING",
  "REQUEST_REQUEST_URI",
  "REQUEST_SERVER_NAME",
  "REQUEST_SCHEME",
  "REQUEST_CONTENT_TYPE",
  "APIPROXY_NAME",
  "ENDPOINT",
  "HTTPMETHOD",
] as const;
export type ContextValue = (typeof CONTEXT_VALUES)[number];
