import { assert } from '@gait/engine/base/assert';
import type { Batch } from '@gait/engine/event/batch';
import { SORT_MEMORY_BYTES_MAX, SORT_RUNS_MAX } from './limits.ts';
import { merge, type Source } from './merge.ts';
import { type SpilledBatch, SpillFile } from './spill.ts';
import { batchBytes, withTimes } from './timed.ts';

/** How to sort. */
export interface SortOptions {
  /** Time given to all rows when no row of the input has one. */
  readonly nowMs: number;
  /** Bytes of batches held in memory before they go to disk. Default `SORT_MEMORY_BYTES_MAX`. */
  readonly memoryBytesMax?: number;
  /** Where the temporary file goes. Default: the system's folder for temporary files. */
  readonly folder?: string;
  /** Ends the sort: it throws the signal's reason and leaves nothing behind. */
  readonly signal?: AbortSignal;
}

/** A sorted input, ready to be taken out once. */
export interface SortedRows {
  readonly rows: number;
  /** Time of the first and of the last row; NaN when there are no rows. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Batches in order of time, received times equal to event times. Frees everything when it ends. */
  batches(): AsyncGenerator<Batch, void>;
  /** Frees everything, if `batches` is not read to its end. May be called twice. */
  close(): Promise<void>;
}

/**
 * Reads all batches and puts their rows in order of time; rows of equal time keep the order of reading. A row without a
 * time (NaN) gets that of the row read before it, those at the very beginning get the first one known. Input that fits
 * into `memoryBytesMax` stays in memory, more goes to a temporary file in sorted runs. Batches that are in order and do
 * not overlap pass through as they are.
 */
export async function sortByTime(batches: AsyncIterable<Batch>, options: SortOptions): Promise<SortedRows> {
  const sort = new Sort(options);
  try {
    for await (const batch of batches) await sort.add(batch);
    sort.settle();
    return sort;
  } catch (error) {
    await sort.close();
    throw error;
  }
}

/** Batches on disk that follow each other in time. */
interface Run {
  readonly batches: readonly SpilledBatch[];
  /** Bytes of its largest batch: what merging it holds in memory. */
  readonly bytesMax: number;
}

class Sort implements SortedRows {
  rows = 0;
  fromMs = Number.NaN;
  toMs = Number.NaN;
  readonly #options: SortOptions;
  readonly #memoryBytesMax: number;
  #held: Batch[] = [];
  #heldBytes = 0;
  #spill: SpillFile | undefined;
  /** Batches on disk from before any time was known. They were read first and all get the first known time. */
  #timeless: SpilledBatch[] = [];
  /** First known time; NaN before. */
  #firstKnownMs = Number.NaN;
  /** Sorted runs in reading order. */
  #runs: Run[] = [];
  /** Time of the row read last; NaN before the first known one. */
  #clockMs = Number.NaN;
  #taken = false;

  constructor(options: SortOptions) {
    this.#options = options;
    this.#memoryBytesMax = options.memoryBytesMax ?? SORT_MEMORY_BYTES_MAX;
  }

  async add(batch: Batch): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (batch.rows === 0) return;
    this.rows += batch.rows;
    if (Number.isNaN(this.#clockMs)) {
      const known = batch.columns.eventMs.find((timeMs) => !Number.isNaN(timeMs));
      if (known !== undefined) this.#startClock(known);
    }
    this.#held.push(Number.isNaN(this.#clockMs) ? batch : this.#withoutGaps(batch));
    this.#heldBytes += batchBytes(batch);
    if (this.#heldBytes > this.#memoryBytesMax) await this.#spillHeld();
  }

  /** To be called once, after the last `add`. */
  settle(): void {
    if (this.rows > 0 && Number.isNaN(this.#clockMs)) this.#startClock(this.#options.nowMs);
  }

  async *batches(): AsyncGenerator<Batch, void> {
    assert(!this.#taken, 'sorted rows are taken out once');
    this.#taken = true;
    try {
      for await (const batch of merge([...this.#spilled(), ...inMemory(this.#held)])) {
        this.#options.signal?.throwIfAborted();
        yield batch;
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    this.#held = [];
    await this.#spill?.close();
  }

  /** Gives the first known time to all rows before it, now in memory or when they come back from disk. */
  #startClock(timeMs: number): void {
    this.#firstKnownMs = this.fromMs = this.toMs = this.#clockMs = timeMs;
    this.#held = this.#held.map((batch) => withTimes(batch, new Float64Array(batch.rows).fill(timeMs)));
  }

  #withoutGaps(batch: Batch): Batch {
    const times = batch.columns.eventMs.slice();
    let gaps = false;
    for (let row = 0; row < times.length; row++) {
      if (Number.isNaN(times[row])) {
        times[row] = this.#clockMs;
        gaps = true;
      }
      this.#clockMs = times[row];
      this.fromMs = Math.min(this.fromMs, this.#clockMs);
      this.toMs = Math.max(this.toMs, this.#clockMs);
    }
    return gaps ? withTimes(batch, times) : batch;
  }

  async #spillHeld(): Promise<void> {
    this.#spill ??= await SpillFile.open(this.#options.folder);
    if (Number.isNaN(this.#clockMs)) {
      for (const batch of this.#held) {
        this.#timeless.push(await this.#spill.write(withTimes(batch, new Float64Array(batch.rows))));
      }
    } else this.#runs.push(await this.#writeRun(this.#spill, inMemory(this.#held)));
    this.#held = [];
    this.#heldBytes = 0;
    const mergeBytes = this.#runs.reduce((sum, run) => sum + run.bytesMax, 0);
    if (this.#runs.length >= SORT_RUNS_MAX || (this.#runs.length > 1 && mergeBytes > this.#memoryBytesMax)) {
      await this.#mergeRuns();
    }
  }

  /** Makes one run of all runs, in a file of its own, and gives the old one back. */
  async #mergeRuns(): Promise<void> {
    const old = this.#spill;
    const sources = this.#spilled();
    this.#spill = await SpillFile.open(this.#options.folder);
    try {
      this.#runs = [await this.#writeRun(this.#spill, sources)];
      this.#timeless = [];
    } finally {
      await old?.close();
    }
  }

  async #writeRun(file: SpillFile, sources: readonly Source[]): Promise<Run> {
    const batches: SpilledBatch[] = [];
    let bytesMax = 0;
    for await (const batch of merge(sources)) {
      this.#options.signal?.throwIfAborted();
      const spilled = await file.write(batch);
      batches.push(spilled);
      bytesMax = Math.max(bytesMax, spilled.length);
    }
    return { batches, bytesMax };
  }

  /** What is on disk, in reading order. */
  #spilled(): Source[] {
    const file = this.#spill;
    if (file === undefined) return [];
    const runs = this.#runs.map((run) => onDisk(file, run.batches));
    if (this.#timeless.length === 0) return runs;
    return [onDisk(file, this.#timeless, this.#firstKnownMs), ...runs];
  }
}

function inMemory(batches: readonly Batch[]): Source[] {
  return batches.map((batch) => [batch].values());
}

/** Batches read back one after another, all rows at `timeMs` if it is given. */
async function* onDisk(
  file: SpillFile,
  batches: readonly SpilledBatch[],
  timeMs?: number,
): AsyncGenerator<Batch, void> {
  for (const place of batches) {
    const batch = await file.read(place);
    yield timeMs === undefined ? batch : withTimes(batch, new Float64Array(batch.rows).fill(timeMs));
  }
}
