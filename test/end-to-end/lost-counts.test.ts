import { expect, test } from "bun:test";
import { countingUpstream } from "../support/counting-upstream.ts";
import { type Client, clientOf, until } from "./client.ts";
import { sharedDatabase } from "./places.ts";
import { startApi } from "./processes.ts";

const BATCHES = 4;
/** A process hands in what it gathered about once a second; a busy machine may take longer. */
const LONGEST_PAUSE_MILLIS = 5_000;
/** Reads that are answered after the last batch was seen, and before the kill. */
const READS_AT_RISK = 50;

test("a process that is killed loses no more reads than it counted since its last batch", async () => {
  await using place = await sharedDatabase();
  await using upstream = await countingUpstream();
  await using killed = await startApi(place.environment);
  await using witness = await startApi(place.environment);
  await clientOf(killed).createSource("s", upstream.url);
  await clientOf(killed).read("s", "/a", { "X-UC-Wait": "1" });
  const reads = readUntilGone(clientOf(killed));

  const batches = await seeBatches(clientOf(witness), reads);
  const [last] = batches.slice(-1) as [Batch];
  await until(
    () => reads.answered,
    (answered) => answered >= last.hits + READS_AT_RISK,
  );
  await killed.kill();
  await reads.ended;

  for (const [index, batch] of batches.entries()) {
    // All that was answered before the batch before it; nothing that was not asked for.
    const previous = batches[index - 1];
    expect(batch.hits).toBeGreaterThanOrEqual(previous?.answeredBefore ?? 0);
    expect(batch.hits).toBeLessThanOrEqual(batch.begunBy);
    if (previous === undefined) continue;
    expect(batch.seenAt - previous.seenAt).toBeLessThan(LONGEST_PAUSE_MILLIS);
  }
  const kept = await hitsBy(clientOf(witness));
  expect(kept).toBeGreaterThanOrEqual(last.hits);
  expect(kept).toBeLessThanOrEqual(reads.begun);

  await using next = await startApi(place.environment);
  expect(await clientOf(next).read("s", "/a")).toMatchObject({ cache: "HIT" });
  expect(await hitsBy(clientOf(next))).toBe(kept + 1);
  expect(await hitsBy(clientOf(witness))).toBe(kept + 1);
}, 120_000);

interface Reads {
  readonly begun: number;
  /** Each with a hit. */
  readonly answered: number;
  readonly ended: Promise<void>;
}

/** Reads one hit after the other until there is nobody to answer. */
function readUntilGone(client: Client): Reads {
  const counts = { begun: 0, answered: 0 };
  const read = () => client.read("s", "/a").catch(() => undefined);
  const readAll = async () => {
    for (;;) {
      counts.begun += 1;
      const answer = await read();
      if (answer === undefined) return;
      expect(answer.cache).toBe("HIT");
      counts.answered += 1;
    }
  };
  return Object.assign(counts, { ended: readAll() });
}

/** A rise of the totals that a process tells which reads nothing itself. */
interface Batch {
  readonly hits: number;
  /** Reads that were answered when the totals were last asked for without it. */
  readonly answeredBefore: number;
  /** Reads that were begun when it was told. */
  readonly begunBy: number;
  /** Monotonic milliseconds. */
  readonly seenAt: number;
}

async function seeBatches(witness: Client, reads: Reads): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  let hits = 0;
  let answeredBefore = 0;
  await until(
    async () => {
      const answered = reads.answered;
      const told = await hitsBy(witness);
      if (told !== hits) {
        const seenAt = performance.now();
        batches.push({ hits: told, answeredBefore, begunBy: reads.begun, seenAt });
      }
      hits = told;
      answeredBefore = answered;
      return batches;
    },
    ({ length }) => length >= BATCHES,
    BATCHES * LONGEST_PAUSE_MILLIS,
  );
  return batches;
}

async function hitsBy(client: Client): Promise<number> {
  const answer = await client.get("/api/v1/metrics");
  const { cache } = (await answer.json()) as { cache: { hit: number } };
  return cache.hit;
}
