/**
 * Answers the addresses that the operator allows, and 403 to others, before anything else
 * is looked at.
 *
 * @module
 */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { isAmong } from "../domain/access/forwarded.ts";
import type { Needs } from "../domain/access/permission.ts";
import type { Cidr } from "../domain/source/ip-address.ts";
import { clientAddress, clientIp } from "./client-address.ts";
import { type Face, failureOf } from "./faces.ts";
import { policyOf } from "./network-policy.ts";

/** What tells which lists a route is under. */
export interface Guarded {
  readonly needs: Needs;
  readonly face?: Face;
  /** Whether the route answers to every address. */
  readonly fromAnywhere?: boolean;
}

/** Lets through who may call what is `guarded`. */
export const allowedAddress = (guarded: Guarded) =>
  createMiddleware(async (c, next) =>
    isAllowed(c, guarded) ? next() : refuseAddress(c),
  );

/** Whether the client's address is on the lists that `guarded` is under; one that can't be told is on none. */
export function isAllowed(c: Context, guarded: Guarded): boolean {
  if (guarded.fromAnywhere === true) return true;
  const { allowedAddresses, allowedAdminAddresses } = policyOf(c);
  const { needs, face } = guarded;
  const isAdmins = needs === "admin" || needs === "manage" || face === "admin";
  return isOn(allowedAddresses, c) && (!isAdmins || isOn(allowedAdminAddresses, c));
}

const isOn = (list: readonly Cidr[], c: Context) =>
  list.length === 0 || isAmong(list, clientIp(c));

export function refuseAddress(c: Context): Response {
  return failureOf(c, {
    status: 403,
    code: "ADDRESS_NOT_ALLOWED",
    title: "Address not allowed",
    detail: `Cannot answer ${clientAddress(c) ?? "this address"}: its address is not on the allow list`,
  });
}
