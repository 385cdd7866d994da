/**
 * What every case of a status is tried on: a service with an upstream, whose queue nobody
 * works off, and another whose store is away.
 *
 * @module
 */
import { Effect } from "effect";
import type { Role } from "../../../src/domain/access/permission.ts";
import { tokenHash } from "../../../src/domain/access/token.ts";
import { TokenStore } from "../../../src/services/access/token-store.ts";
import { ChangeBus } from "../../../src/services/change-bus.ts";
import { cuttable } from "../../support/cuttable.ts";
import { testDatabase } from "../../support/postgres.ts";
import { loggedIn } from "../../support/browser.ts";
import {
  adminToken,
  jsonOf,
  type TestService,
  testService,
} from "../../support/service.ts";
import { makeSource } from "../stored-entries.ts";
import { type Weather, weatherService } from "../weather.ts";

export interface World extends AsyncDisposable {
  readonly weather: Weather;
  /** Has the callers of `weather` and a source, and no store. */
  readonly cutOff: TestService;
  /** The `Cookie` of an admin who is logged in. */
  readonly cookie: string;
  /** An id that no source has had. */
  newId(): string;
}

/** Every role, the one that may least first. */
export const ROLES: readonly Role[] = ["guest", "user", "admin"];

/** `restricted` may do all that an admin may, with a source that there is not. */
type CallerName = Role | "restricted";

const tokenOf = (name: CallerName) =>
  name === "admin" ? adminToken : `${name}-token-0123456789`;

export const credentialsOf = (name: CallerName) => ({
  authorization: `Bearer ${tokenOf(name)}`,
});

/** The one source of the service whose store is away. */
export const CUT_OFF_SOURCE = "cut-off";

export async function openWorld(): Promise<World> {
  const [weather, lost] = await Promise.all([
    weatherService({ worker: "off" }),
    serviceWithoutStore(),
  ]);
  await addCallers(weather.service);
  await addUser(weather.service, "root", "admin");
  const root = await loggedIn(weather.service, "root", PASSWORD);
  let count = 0;
  return {
    weather,
    cookie: `uc_session=${root.cookie}`,
    cutOff: lost.service,
    newId: () => `source-${++count}`,
    [Symbol.asyncDispose]: async () => {
      await weather[Symbol.asyncDispose]();
      await lost[Symbol.asyncDispose]();
    },
  };
}

async function serviceWithoutStore() {
  const database = await testDatabase();
  const wire = await cuttable(database);
  const service = await testService({ worker: "off", address: { url: wire.url } });
  await addCallers(service);
  await makeSource(service, CUT_OFF_SOURCE);
  await wire.cut();
  return {
    service,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

export const PASSWORD = "correct horse battery";

/** Gives the user's id. */
export async function addUser(
  service: TestService,
  username: string,
  role: Role,
  isActive = true,
): Promise<string> {
  const draft = { username, role, password: PASSWORD, is_active: isActive };
  const made = await service.send("POST", "/api/v1/users", draft);
  if (made.status !== 201) throw new Error(await made.text());
  return String((await jsonOf(made)).id);
}

/** Every caller but the admin, who is there already. */
async function addCallers(service: TestService): Promise<void> {
  const callers = [
    { name: "guest", role: "guest" },
    { name: "user", role: "user" },
    { name: "restricted", role: "admin", sources: ["another"] },
  ] as const;
  await service.run(
    Effect.gen(function* () {
      const store = yield* TokenStore;
      const bus = yield* ChangeBus;
      for (const caller of callers) {
        const hash = tokenHash(tokenOf(caller.name));
        yield* store.add({ id: caller.name, hash, ...caller });
      }
      yield* bus.appliedHere(yield* bus.log({ _tag: "TokensChanged" }));
    }),
  );
}
