/**
 * What is kept in the audit trail: every act that clears, changes or revokes something.
 *
 * @module
 */

/** The kind of thing, a dot, and what was done to it. */
export const AUDIT_ACTIONS = [
  "cache.clear_all",
  "cache.clear_classification",
  "cache.clear_instance",
  "cache.clear_user",
  "cache.purge",
  "cache_settings.change",
  "endpoint.change",
  "endpoint.create",
  "endpoint.delete",
  "entry.invalidate",
  "instance.change",
  "instance.create",
  "instance.delete",
  "password.change",
  "project.create",
  "project.delete",
  "proxy.change",
  "proxy.create",
  "proxy.delete",
  "session.end",
  "source.change",
  "source.create",
  "source.delete",
  "task.cancel",
  "token.create",
  "token.replace",
  "token.revoke",
  "user.change",
  "user.create",
  "user.delete",
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** 90 days; what is older is swept. */
export const AUDIT_KEPT_MILLIS = 90 * 86_400_000;
