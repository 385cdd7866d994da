/**
 * A service that collects nothing by itself, so that a test takes each step of a refresh.
 *
 * @module
 */
import { afterAll, beforeEach } from "bun:test";
import { type Context, Effect } from "effect";
import type { EntryId } from "../../src/domain/entry/entry.ts";
import { PRIORITY } from "../../src/domain/refresh/task.ts";
import { readRateLimit } from "../../src/services/quota/read-rate-limit.ts";
import { readyToCall } from "../../src/services/refresh/call-upstream.ts";
import { refreshKey } from "../../src/services/refresh/refresh-key.ts";
import { runTask } from "../../src/services/refresh/run-task.ts";
import { type Claimed, TaskQueue } from "../../src/services/refresh/task-queue.ts";
import {
  type KnownSource,
  knownSource,
} from "../../src/services/source/source-directory.ts";
import { EntryStore } from "../../src/services/entry/entry-store.ts";
import {
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import { eventually, type TestService, testService } from "../support/service.ts";

type GettingReady = ReturnType<typeof readyToCall>;

export interface RefreshedSource {
  readonly id: string;
  readonly known: KnownSource;
  idOf(key: string): EntryId;
  claim(key: string): Promise<Claimed>;
  /** Asks the upstream for `key` as a claimed task would, and stores nothing. */
  refresh(key: string, first?: GettingReady): Promise<{ outcome: any; claimed: Claimed }>;
  run(claimed: Claimed): Promise<string>;
  /** Queues `keys` as a reader who is told of the tasks; gives their ids. */
  enqueue(...keys: string[]): Promise<readonly string[]>;
  task(taskId: string): Promise<any>;
  stored(key: string): Promise<any>;
  /** Calls that could start now. */
  remaining(): Promise<number>;
  cooldownUntil(): Promise<number | undefined>;
}

export interface Refreshing {
  readonly service: TestService;
  /** Before each test it has not been called, and answers `{"n": 1}`. */
  readonly upstream: CountingUpstream;
  sourceWith(fields?: object, of?: TestService): Promise<RefreshedSource>;
}

/** What a file of tests refreshes with, from here to its end. */
export async function refreshing(): Promise<Refreshing> {
  const service = await testService({ worker: "off" });
  const upstream = await countingUpstream();
  beforeEach(() => {
    upstream.calls.length = 0;
    upstream.answer(json({ n: 1 }));
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
  });
  return {
    service,
    upstream,
    sourceWith: (fields = {}, of = service) => refreshedSource(of, upstream.url, fields),
  };
}

/** A new source over `baseUrl`: `/{{path*}}`, 60 calls a minute unless `fields` say so. */
export async function refreshedSource(
  service: TestService,
  baseUrl: string,
  fields: object = {},
): Promise<RefreshedSource> {
  const id = `s-${crypto.randomUUID().slice(0, 13)}`;
  const made = await service.send("POST", "/api/v1/sources", {
    id,
    base_url: baseUrl,
    key_template: "/{{path*}}",
    rate_limit: { per_minute: 60 },
    ...fields,
  });
  if (made.status !== 201) throw new Error(await made.text());
  const known = await eventually(
    () => service.run(Effect.option(knownSource(id))),
    (found) => found._tag === "Some",
  );
  if (known._tag === "None") throw new Error("Expected the source that was just made");
  const source = known.value;
  const idOf = (key: string) => ({ space: source.space, key });
  const claim = async (key: string) => {
    const claim = await service.run(
      TaskQueue.use((queue) =>
        queue.claimKey(source.source, idOf(key), PRIORITY.waiting),
      ),
    );
    if (claim._tag !== "Claimed") throw new Error("Expected a claim");
    return claim.claimed;
  };
  const budget = async () => (await service.run(readRateLimit(id))).budget;
  return {
    id,
    known: source,
    idOf,
    claim,
    refresh: async (key, first = readyToCall(source)) => {
      const claimed = await claim(key);
      const refreshing = Effect.flatMap(provided(first), (ready) =>
        refreshKey(source, claimed, ready),
      );
      return { claimed, outcome: await service.run(refreshing) };
    },
    run: (claimed) => service.run(running(source, claimed)),
    enqueue: async (...keys) => {
      const tasks = await service.run(
        TaskQueue.use((queue) =>
          queue.enqueue(source.source, keys.map(idOf), {
            priority: PRIORITY.normal,
            told: true,
          }),
        ),
      );
      return tasks.map(({ taskId }) => taskId);
    },
    task: (taskId) => service.run(TaskQueue.use((queue) => queue.find(taskId))),
    stored: async (key) =>
      (await service.run(EntryStore.use((entries) => entries.find(idOf(key))))).entry,
    remaining: async () => (await budget()).remaining,
    cooldownUntil: async () => (await budget()).cooldownUntil,
  };
}

/** Runs `claimed` as the worker does. */
export const running = (known: KnownSource, claimed: Claimed) =>
  Effect.flatMap(provided(readyToCall(known)), (first) => runTask(known, claimed, first));

/** `ready` with the services that it needs, so that it can be handed on. */
const provided = (ready: GettingReady) =>
  Effect.contextWith((context: Context.Context<Effect.Services<GettingReady>>) =>
    Effect.succeed(Effect.provideContext(ready, context)),
  );

/** The text of a stored or refreshed entry. */
export const textOf = ({ body }: { readonly body: Uint8Array }) =>
  new TextDecoder().decode(body);
