/**
 * The settings that the suite's author runs these caches with, from the suite's own package;
 * only ports and folders are changed.
 *
 * @module
 */
import { folder } from "../suite.ts";

const settings = `${folder}node_modules/http-cache-tests/docker/`;

/**
 * The settings in `path`. Each text of `changes` must be there, and is replaced wherever it
 * stands.
 */
export async function authorsSettings(
  path: string,
  changes: Readonly<Record<string, string>>,
): Promise<string> {
  let text = await Bun.file(`${settings}${path}`).text();
  for (const [old, wanted] of Object.entries(changes)) {
    if (!text.includes(old)) throw new Error(`${path} has no "${old}"`);
    text = text.replaceAll(old, wanted);
  }
  return text;
}
