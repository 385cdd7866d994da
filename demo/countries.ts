/**
 * Facts about the countries of the world, from the data package `countries-list`.
 *
 * @module
 */

export interface Country {
  /** ISO 3166-1 alpha-2. */
  readonly code: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Not a literal: the package belongs to the demo alone, and types are checked without it. */
const dataPackage: string = "countries-list";

/** The most populous, who are asked for most. */
const popular =
  "IN CN US ID PK NG BR BD RU ET MX JP EG PH CD VN IR TR DE TH TZ GB FR ZA IT KE".split(
    " ",
  );

/** All countries, the most asked for first. */
export async function loadCountries(): Promise<readonly Country[]> {
  const { countries } = await import(dataPackage).catch(() => {
    throw new Error(
      `Cannot load the package "${dataPackage}": start with "npm run demo", or run "bun install" in demo/`,
    );
  });
  if (!isRecord(countries)) throw unexpected();
  const codes = new Set([...popular, ...Object.keys(countries)]);
  return [...codes].map((code) => {
    const facts = countries[code];
    if (!isRecord(facts) || typeof facts["name"] !== "string") throw unexpected();
    return { code, facts };
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const unexpected = () =>
  new Error(`Cannot use the package "${dataPackage}": its data have another shape`);
