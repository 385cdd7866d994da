/**
 * Keeps a response once its body is whole.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import type { HeaderList } from "../../domain/entry/entry.ts";
import { decodedBody } from "../../domain/gateway/decoded-body.ts";
import { isNullValue } from "../../domain/gateway/null-value.ts";
import type { StoredResponse } from "../../domain/gateway/stored-response.ts";
import { combinedParts } from "../../domain/http-cache/combining.ts";
import { hasField } from "../../domain/http-cache/field-value.ts";
import { selectingOf, variantName } from "../../domain/http-cache/vary.ts";
import type { SourceReply } from "./call-source.ts";
import type { Fill } from "./fill-cache.ts";
import type { Whole } from "./shared-body.ts";

export type Kept =
  | { readonly _tag: "Kept"; readonly response: StoredResponse }
  /** It is whole, and not kept for this reason. */
  | {
      readonly _tag: "Passed";
      readonly response: StoredResponse;
      readonly reason: string;
    }
  | Exclude<Whole, { readonly _tag: "Whole" }>;

/** `headers` as they are passed on. Ends the fill, whatever comes of it. */
export const keepWhole = (
  fill: Fill,
  reply: SourceReply,
  headers: HeaderList,
  coming: Promise<Whole>,
) =>
  Effect.gen(function* () {
    const whole = yield* Effect.promise(() => coming);
    if (whole._tag !== "Whole") return whole satisfies Kept;
    const response = responseOf(fill, reply, headers, whole.bytes);
    const reason = yield* keep(fill, response);
    return reason === undefined
      ? ({ _tag: "Kept", response } satisfies Kept)
      : ({ _tag: "Passed", response, reason } satisfies Kept);
  }).pipe(Effect.ensuring(Effect.sync(() => fill.land())));

/** Gives why it was not kept. */
const keep = Effect.fnUntraced(function* (
  { cached, exchange, variants }: Fill,
  response: StoredResponse,
) {
  const { status, headers, body } = response;
  // A redirection says all it has to say in its head.
  const isRedirect = status >= 300 && status < 400;
  const isNull = !isRedirect && isNullValue(decodedBody(headers, body));
  if (isNull && !cached.settings.cacheNullValue) return "null value";
  const saved = yield* exchange
    .keep(joinedToPart(response, variants))
    .pipe(Effect.catchTag("StoreUnavailable", () => Effect.succeed("Lost" as const)));
  switch (saved) {
    case "Saved":
      return undefined;
    case "Outdated":
      return "purged meanwhile";
    case "TooLarge":
      return "no room for it in memory";
    case "Lost":
      return "the store is away";
  }
});

function responseOf(
  { cached }: Fill,
  { status, rawHeaders, requestAt, responseAt }: SourceReply,
  headers: HeaderList,
  body: Uint8Array,
): StoredResponse {
  const { id, asked, rules, conceal } = cached;
  const replied = { status, headers: rawHeaders, requestAt, responseAt };
  const selecting = selectingOf(asked.headers, varied(cached, rawHeaders), conceal) ?? {};
  return {
    ...id,
    variant: variantName(selecting),
    selecting,
    status,
    headers: rules.storedHeaders({ ...replied, headers }),
    body,
    params: cached.params(),
    lifetime: rules.lifetime(replied),
    policy: rules.policy,
    withCredentials: asked.credentials.length > 0,
    requestAt,
    responseAt,
  };
}

/** An origin that codes its content chose by what codings the client takes, said or not. */
function varied({ rules }: Fill["cached"], headers: HeaderList): HeaderList {
  const isCoded = rules.policy === "ttl" && hasField(headers, "content-encoding");
  return isCoded ? [...headers, ["Vary", "Accept-Encoding"]] : headers;
}

/** RFC 9111 §3.4: parts of one and the same response are put together. */
function joinedToPart(
  response: StoredResponse,
  variants: readonly StoredResponse[],
): StoredResponse {
  if (response.status !== 206) return response;
  // It never takes the place of a whole.
  const variant = `${response.variant}+part`;
  const part = variants.find((one) => one.variant === variant);
  const combined = part && combinedParts(part, response);
  if (combined === undefined) return { ...response, variant };
  return { ...response, ...combined, ...(combined.status === 206 ? { variant } : {}) };
}
