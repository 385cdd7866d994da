/**
 * The language that messages of the admin face are written in.
 *
 * Chinese, unless the client would rather have English. A language with a region or script
 * counts as the language; `*` stands for Chinese, which comes first here.
 *
 * Source: RFC 9110 §12.5.4 (Accept-Language).
 *
 * @module
 */

export type Language = "zh" | "en";

/** The same in both languages. */
export type Text = Readonly<Record<Language, string>>;

/**
 * Reads `Accept-Language`.
 *
 * @example The first of equals, and Chinese where neither is asked for
 * ```ts
 * import { languageIn } from "./language.ts";
 *
 * languageIn("en-GB, zh;q=0.8"); // => "en"
 * languageIn("fr"); // => "zh"
 * ```
 */
export function languageIn(header: string | undefined): Language {
  const asked = (header ?? "").split(",").flatMap((part) => {
    const [range = "", ...parameters] = part.split(";");
    const name = range.trim().toLowerCase().split("-")[0];
    const weight = weightIn(parameters);
    if ((name !== "zh" && name !== "en" && name !== "*") || !(weight > 0)) return [];
    return [{ language: name === "en" ? "en" : "zh", weight } as const];
  });
  const most = Math.max(...asked.map(({ weight }) => weight));
  return asked.find(({ weight }) => weight === most)?.language ?? "zh";
}

function weightIn(parameters: readonly string[]): number {
  const weight = parameters.map((one) => /^\s*q\s*=\s*([\d.]+)\s*$/i.exec(one)?.[1]);
  return Number(weight.find((one) => one !== undefined) ?? 1);
}
