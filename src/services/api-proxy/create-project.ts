/**
 * Creates a project of the gateway.
 *
 * @module
 */
import * as Effect from "effect/Effect";
import { Audit } from "../audit/audit.ts";
import { ChangeBus } from "../change-bus.ts";
import { Transaction } from "../transaction.ts";
import { ProjectStore } from "./project-store.ts";

/** Fails where the name is taken. */
export const createProject = Effect.fn("createProject")(function* (
  name: string,
  description: string | undefined,
) {
  const { together } = yield* Transaction;
  const store = yield* ProjectStore;
  const audit = yield* Audit;
  const bus = yield* ChangeBus;
  const insert = Effect.gen(function* () {
    const project = yield* store.insert(name, description);
    yield* audit.record({ action: "project.create", target: name });
    return { project, seq: yield* bus.log({ _tag: "ProjectsChanged" }) };
  });
  const { project, seq } = yield* together("createProject", insert);
  yield* bus.appliedHere(seq);
  return project;
});
