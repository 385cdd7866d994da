/**
 * Deletes a project of the gateway that has no API proxies.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Transaction } from "../transaction.ts";
import { ProjectStore } from "./project-store.ts";

/** Fails where there is no such project, or it still has proxies. */
export const deleteProject = Effect.fn("deleteProject")(function* (name: string) {
  const { together } = yield* Transaction;
  const store = yield* ProjectStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const remove = Effect.gen(function* () {
    yield* store.remove(name);
    yield* audit.record({ action: "project.delete", target: name });
    return yield* bus.log({ _tag: "ProjectsChanged" });
  });
  yield* bus.appliedHere(yield* together("deleteProject", remove));
});
