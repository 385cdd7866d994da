/**
 * The document as the running service serves it, kept in a file for the tools.
 *
 * The suite holds the committed `openapi.json` equal to it.
 *
 * @module
 */
import { folder } from "./tools.ts";

export const documentPath = `${folder}.cache/openapi.json`;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
}

/** Keeps what the service at `url` serves. */
export async function keepDocument(url: string): Promise<void> {
  const response = await fetch(`${url}/openapi.json`);
  if (!response.ok) throw new Error(`No document: ${response.status}`);
  await Bun.write(documentPath, await response.text());
}

/** Every answer that is no error, as `GET /api/v1/sources 200`. */
export async function goodAnswers(): Promise<readonly string[]> {
  const document: Document = await Bun.file(documentPath).json();
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { responses }]) =>
      Object.keys(responses)
        .filter((status) => Number(status) < 400)
        .map((status) => `${method.toUpperCase()} ${path} ${status}`),
    ),
  );
}
