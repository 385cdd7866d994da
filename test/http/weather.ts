/**
 * A service with an upstream for it to ask about the weather. Each test has a source of
 * its own, and with it keys, calls and a budget of its own.
 *
 * @module
 */
import {
  type Answer,
  type CountingUpstream,
  countingUpstream,
  json,
} from "../support/counting-upstream.ts";
import {
  eventually,
  type ServiceOptions,
  type TestService,
  testService,
} from "../support/service.ts";

type Headers = Record<string, string>;

export interface Weather extends AsyncDisposable {
  readonly service: TestService;
  readonly upstream: CountingUpstream;
  /** What the upstream answers, by the first segment of the path: the id of the source. */
  readonly answers: Map<string, Answer>;
  /** Fresh for 10 minutes, stale for 10 more, a fallback until a day after it was fresh. */
  source(id: string, settings?: object): Promise<void>;
  read(id: string, headers?: Headers, key?: string): Promise<Response>;
  readCached(id: string, key?: string): Promise<Response>;
  /** A POST to what `action` names behind the key. */
  act(id: string, action: string, headers?: Headers, key?: string): Promise<Response>;
  callsOf(id: string): CountingUpstream["calls"];
  tasksOf(id: string): Promise<readonly TaskRow[]>;
  /**
   * Reads the source that `make` names. Who has an old value in hand gives it after a second:
   * a read that took so long tells nothing, and the next source is made.
   */
  readInTime(make: (attempt: number) => Promise<string>): Promise<Response>;
  /**
   * Waits until no refresh of the source is unfinished, and `calls` or more have come in all:
   * what is asked for behind an answer may be in the queue only a moment after it.
   */
  settled(id: string, calls?: number): Promise<unknown>;
  /** Has the key refreshed, waits for the end of that task, and reads what is stored. */
  fetchKey(id: string, key?: string): Promise<Response>;
}

interface TaskRow {
  readonly id: string;
  readonly key: string;
  readonly state: string;
  readonly priority: number;
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const OSLO = "/weather/Oslo";
/** Of what tells nothing where the machine stopped meanwhile. */
export const MOST_ATTEMPTS = 5;

export const pathOf = (id: string, key = OSLO) =>
  `/api/v1/cache/${id}/${encodeURIComponent(key)}`;

export async function weatherService(options: ServiceOptions = {}): Promise<Weather> {
  const [service, upstream] = await Promise.all([
    testService(options),
    countingUpstream(),
  ]);
  const answers = new Map<string, Answer>();
  upstream.answer((request, response) => {
    const answer = answers.get(request.url?.split("/")[1] ?? "") ?? json({ n: 1 });
    answer(request, response);
  });

  const read = (id: string, headers: Headers = {}, key?: string) =>
    service.request(pathOf(id, key), { headers });
  const readCached = (id: string, key?: string) =>
    read(id, { "X-UC-Cache-Only": "true" }, key);
  const tasksOf = (id: string) =>
    service.sql<TaskRow[]>`
      select id, key, state, priority from tasks where source_id = ${id} order by place`;
  const callsOf = (id: string) =>
    upstream.calls.filter(({ target }) => target.startsWith(`/${id}/`));
  const settled = (id: string, calls = 0) =>
    eventually(
      async () => ({ called: callsOf(id).length, tasks: await tasksOf(id) }),
      ({ called, tasks }) =>
        called >= calls &&
        tasks.every(({ state }) => state === "succeeded" || state === "failed"),
    );

  return {
    service,
    upstream,
    answers,
    source: async (id, settings = {}) => {
      const response = await service.send("POST", "/api/v1/sources", {
        id,
        base_url: `${upstream.url}/${id}`,
        key_template: "/weather/{{city}}",
        rate_limit: { per_minute: 1_000 },
        ...settings,
      });
      if (response.status !== 201) throw new Error(await response.text());
    },
    read,
    readCached,
    readInTime: async (make) => {
      for (let attempt = 1; ; attempt++) {
        const id = await make(attempt);
        const since = performance.now();
        const response = await read(id);
        const took = performance.now() - since;
        if (took < SECOND || attempt === MOST_ATTEMPTS) return response;
      }
    },
    act: (id, action, headers = {}, key) =>
      service.request(`${pathOf(id, key)}/${action}`, { method: "POST", headers }),
    callsOf,
    tasksOf,
    settled,
    fetchKey: async (id, key) => {
      await read(id, {}, key);
      await settled(id);
      return readCached(id, key);
    },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** An upstream that answers when it is told to. */
export function heldAnswer() {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const answer =
    (then: Answer): Answer =>
    async (request, response) => {
      await opened;
      then(request, response);
    };
  return { answer, open };
}
