/**
 * A response of the gateway as a row, and back.
 *
 * It has no entity tag of ours and is never made into `data`: those columns say nothing.
 * Among its params stand their names: the index of params finds values only, and no template
 * tells which names the params of a space can have.
 *
 * @module
 */
import { type Entry, headerValue, keyHash } from "../../domain/entry/entry.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import type { Connection } from "./pool.ts";
import type { ResponseRules } from "./schema.ts";

/** No param is called so: controls are left out of names. */
const NAMES = "\u0001";

const withNames = (params: Entry["params"]) => ({
  ...params,
  [NAMES]: Object.keys(params),
});

/** What the params of a response contain that has a param of this name, as JSON. */
export const paramNamed = (name: string): string => JSON.stringify({ [NAMES]: [name] });

function paramsIn(row: Entry["params"]): Entry["params"] {
  const { [NAMES]: names, ...params } = row;
  return names === undefined ? row : params;
}

/** One row unless what is there was asked for later; `added`: nothing was replaced. */
export function upsertResponse(sql: Connection["sql"], response: StoredResponse) {
  const { lifetime, selecting, policy, withCredentials } = response;
  const rules: ResponseRules = { selecting, policy, withCredentials };
  const contentType = headerValue(response.headers, "content-type");
  return sql<{ added: boolean }[]>`
    insert into entries (
      space, key, key_hash, variant, status, headers, content_type, encoding, body, etag,
      params, stored_at, fresh_until, stale_until, fallback_until, request_at, response_at,
      used_at, response
    ) values (
      ${response.space}, ${response.key}, ${keyHash(response)}, ${response.variant},
      ${response.status}, ${JSON.stringify(response.headers)}::text::jsonb,
      ${contentType ?? null}, 'base64', ${response.body}, '',
      ${JSON.stringify(withNames(response.params))}::text::jsonb,
      ${lifetime.storedAt}, ${lifetime.freshUntil}, ${lifetime.staleUntil},
      ${lifetime.fallbackUntil}, ${response.requestAt}, ${response.responseAt},
      uc_now(), ${JSON.stringify(rules)}::text::jsonb
    )
    on conflict (key_hash, variant) do update set
      status = excluded.status, headers = excluded.headers,
      content_type = excluded.content_type, body = excluded.body, params = excluded.params,
      stored_at = excluded.stored_at, fresh_until = excluded.fresh_until,
      stale_until = excluded.stale_until, fallback_until = excluded.fallback_until,
      request_at = excluded.request_at, response_at = excluded.response_at,
      used_at = excluded.used_at, response = excluded.response
    where entries.request_at <= excluded.request_at
    returning xmax = 0 as added`;
}

export interface ResponseRow {
  readonly variant: string;
  readonly status: number;
  readonly headers: Entry["headers"];
  readonly body: Uint8Array;
  readonly params: Entry["params"];
  readonly stored_at: number;
  readonly fresh_until: number;
  readonly stale_until: number;
  readonly fallback_until: number;
  readonly request_at: number;
  readonly response_at: number;
  readonly response: ResponseRules;
}

export function toResponse(
  { space, key }: Pick<StoredResponse, "space" | "key">,
  row: ResponseRow,
): StoredResponse {
  return {
    space,
    key,
    variant: row.variant,
    ...row.response,
    status: row.status,
    headers: row.headers,
    body: row.body,
    params: paramsIn(row.params),
    lifetime: {
      storedAt: row.stored_at,
      freshUntil: row.fresh_until,
      staleUntil: row.stale_until,
      fallbackUntil: row.fallback_until,
    },
    requestAt: row.request_at,
    responseAt: row.response_at,
  };
}
