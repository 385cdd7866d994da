/**
 * What a client says of an endpoint, and what becomes of an endpoint by a change.
 *
 * @module
 */
import type { Endpoint } from "./api-proxy.ts";
import { missingParam, parsePathTemplate } from "./path-template.ts";

export type EndpointDraft = Omit<Endpoint, "id" | "proxyId" | "settings">;

/** What is not named stays. */
export type EndpointChange = Partial<EndpointDraft>;

export interface DraftProblem {
  readonly field: string;
  /** Goes on from the name of the field. */
  readonly message: string;
}

/** An endpoint of which only the name and the method are told. */
export function plainEndpoint({
  name,
  httpMethod,
}: Pick<EndpointDraft, "name" | "httpMethod">): EndpointDraft {
  return {
    name,
    httpMethod,
    backendResourceUrl: name,
    backendHttpMethod: httpMethod,
    active: true,
  };
}

/** Why there can't be such an endpoint; `undefined` if there can. */
export function draftProblem(draft: EndpointDraft): DraftProblem | undefined {
  const name = parsePathTemplate(draft.name);
  if (name._tag === "Refused") return { field: "name", message: name.reason };
  const backend = parsePathTemplate(draft.backendResourceUrl);
  const field = "backendResourceUrl";
  if (backend._tag === "Refused") return { field, message: backend.reason };
  const missing = missingParam(name, backend);
  if (missing === undefined) return undefined;
  return { field, message: `must not have {${missing}}, which name doesn't have` };
}

export type ChangedEndpoint =
  | { readonly _tag: "Changed"; readonly draft: EndpointDraft }
  | { readonly _tag: "Refused"; readonly problem: DraftProblem };

/** The backend follows a new name or method where it was the same as the old one. */
export function changedEndpoint(
  current: EndpointDraft,
  change: EndpointChange,
): ChangedEndpoint {
  const { name = current.name, httpMethod = current.httpMethod } = change;
  const { backendResourceUrl, backendHttpMethod } = current;
  const draft = {
    name,
    httpMethod,
    backendResourceUrl:
      change.backendResourceUrl ??
      (backendResourceUrl === current.name ? name : backendResourceUrl),
    backendHttpMethod:
      change.backendHttpMethod ??
      (backendHttpMethod === current.httpMethod ? httpMethod : backendHttpMethod),
    active: change.active ?? current.active,
  };
  const problem = draftProblem(draft);
  return problem === undefined
    ? { _tag: "Changed", draft }
    : { _tag: "Refused", problem };
}
