/**
 * The committed results of each cache.
 *
 * @module
 */
import type { Results } from "./scores.ts";
import { folder } from "./suite.ts";

export interface Report {
  readonly version: string;
  readonly results: Results;
}

const pathOf = (id: string) => `${folder}results/${id}.json`;

/** `undefined` where there is none yet. */
export async function readReport(id: string): Promise<Report | undefined> {
  const file = Bun.file(pathOf(id));
  return (await file.exists()) ? await file.json() : undefined;
}

export async function writeReport(id: string, report: Report): Promise<void> {
  await Bun.write(pathOf(id), `${JSON.stringify(report, null, 2)}\n`);
}
