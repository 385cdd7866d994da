/**
 * A client of Uni-Cache that knows nothing but its HTTP API.
 *
 * @module
 */

export const SOURCE_ID = "countries";

/** `MISS` is answered 202: come back soon. */
export type Label = "HIT" | "STALE" | "MISS";

export interface Read {
  readonly path: string;
  readonly label: Label;
  readonly status: number;
  /** Milliseconds of the clock of `performance`. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** Whole seconds; `undefined` when nothing was served. */
  readonly ageSeconds: number | undefined;
  readonly data: unknown;
}

export interface SourceDraft {
  readonly base_url: string;
  readonly key_template: string;
  readonly rate_limit: { readonly per_minute: number };
  readonly cache_ttl_s: number;
  readonly stale_while_revalidate_s: number;
}

export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #stop: AbortSignal;

  constructor(url: string, token: string, stop: AbortSignal) {
    this.#url = url;
    this.#headers = { Authorization: `Bearer ${token}` };
    this.#stop = stop;
  }

  async register(draft: SourceDraft): Promise<void> {
    const response = await fetch(`${this.#url}/api/v1/sources`, {
      method: "POST",
      headers: { ...this.#headers, "Content-Type": "application/json" },
      body: JSON.stringify({ id: SOURCE_ID, ...draft }),
      signal: this.#stop,
    });
    if (response.status === 201) return;
    throw new Error(
      `Cannot register the source: status ${response.status}: ${await response.text()}`,
    );
  }

  /** Reads `path` of the source; throws for every answer that is neither 200 nor 202. */
  async read(path: string): Promise<Read> {
    const startedAt = performance.now();
    const response = await fetch(
      `${this.#url}/api/v1/cache/${SOURCE_ID}/${encodeURIComponent(path)}`,
      { headers: this.#headers, signal: this.#stop },
    );
    const { data } = (await response.json()) as { data?: unknown };
    const { status, headers } = response;
    const label = headers.get("X-UC-Cache");
    if ((status !== 200 && status !== 202) || !isLabel(label)) {
      throw new Error(`${path} was answered ${status} ${label ?? ""}`);
    }
    const age = headers.get("X-UC-Age");
    return {
      path,
      label,
      status,
      startedAt,
      endedAt: performance.now(),
      ageSeconds: age === null ? undefined : Number(age),
      data,
    };
  }
}

function isLabel(text: string | null): text is Label {
  return text === "HIT" || text === "STALE" || text === "MISS";
}
