/**
 * Everything a client can do with the API, in an order in which it works.
 *
 * A new operation needs a step in one of the lists.
 *
 * @module
 */
import { accessSteps } from "./steps/access.ts";
import { auditSteps } from "./steps/audit.ts";
import { quotaSteps } from "./steps/quota.ts";
import { clearingSteps } from "./steps/clearing.ts";
import { entriesSteps } from "./steps/entries.ts";
import { entrySteps } from "./steps/entry.ts";
import { gatewaySteps } from "./steps/gateway.ts";
import { loginSteps } from "./steps/login.ts";
import { refreshSteps } from "./steps/refresh.ts";
import { serviceSteps } from "./steps/service.ts";
import { firstSourceSteps, lastSourceSteps } from "./steps/source.ts";
import type { Step } from "./step.ts";

export const flow: readonly Step[] = [
  ...serviceSteps,
  ...firstSourceSteps,
  ...entrySteps,
  ...entriesSteps,
  ...refreshSteps,
  ...quotaSteps,
  ...clearingSteps,
  ...accessSteps,
  ...loginSteps,
  ...gatewaySteps,
  ...auditSteps,
  ...lastSourceSteps,
];
