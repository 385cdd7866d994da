/**
 * A client of the API as its users get it: types generated from the document, and
 * `openapi-fetch`.
 *
 * @module
 */
import createClient from "openapi-fetch";
import type { paths } from "./.cache/api.d.ts";

export type Client = ReturnType<typeof clientOf>;

export interface ClientOptions {
  readonly token: string;
  readonly fetch?: (request: Request) => Promise<Response>;
  /** Is told of every answer, as `GET /api/v1/sources 200`. */
  readonly heard?: (answer: string) => void;
}

export function clientOf(baseUrl: string, { token, fetch, heard }: ClientOptions) {
  const client = createClient<paths>({
    baseUrl,
    headers: { authorization: `Bearer ${token}` },
    ...(fetch === undefined ? {} : { fetch }),
  });
  client.use({
    onResponse: ({ request, schemaPath, response }) => {
      heard?.(`${request.method} ${schemaPath} ${response.status}`);
    },
  });
  return client;
}

interface Answer<D, E> {
  readonly data?: D;
  readonly error?: E;
  readonly response: Response;
}

/** What came with `status`; throws for any other answer. */
export function good<D>(answer: Answer<D, unknown>, status: number): NonNullable<D> {
  if (answer.data === undefined || answer.data === null) throw unexpected(answer, status);
  if (answer.response.status !== status) throw unexpected(answer, status);
  return answer.data;
}

/** The problem that came with `status`; throws for any other answer. */
export function refused<E>(answer: Answer<unknown, E>, status: number): NonNullable<E> {
  if (answer.error === undefined || answer.error === null)
    throw unexpected(answer, status);
  if (answer.response.status !== status) throw unexpected(answer, status);
  return answer.error;
}

function unexpected({ data, error, response }: Answer<unknown, unknown>, status: number) {
  const body = JSON.stringify(data ?? error);
  return new Error(`Expected ${status} of ${response.url}: ${response.status} ${body}`);
}
