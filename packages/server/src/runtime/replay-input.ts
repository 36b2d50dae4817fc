import { createHash, type Hash } from 'node:crypto';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { CopyCache, copyRow } from '@gait/engine/event/copy';
import { FACETS, SYMBOL } from '@gait/engine/event/schema';
import type { Format, SourceDefaults } from '../ingest/decoder.ts';
import { allDecoders } from '../ingest/decoders.ts';
import { readInputs } from '../ingest/reader/read.ts';
import type { ReadReport } from '../ingest/reader/report.ts';
import { type SortedRows, sortByTime } from '../ingest/reader/sort.ts';
import type { Tokens } from '../ingest/tokens.ts';
import { type Middle, TimeCounts } from './time-counts.ts';

/** Principals told apart; beyond this many they are no longer counted. About 100 MB. */
const PRINCIPALS_COUNTED_MAX = 1_000_000;

/** How the inputs of a replay are read. */
export interface InputOptions {
  readonly defaults: SourceDefaults;
  readonly format?: Format;
  /** Rows before `sinceMs` or from `untilMs` on are left out. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly signal?: AbortSignal;
}

/** Files that were read and put into order of time. Close `sorted` unless its batches are taken. */
export interface ReplayInput {
  readonly sorted: SortedRows;
  readonly report: ReadReport;
  /** Where to cut it into a half to learn from and a half to judge. */
  readonly middle: Middle;
  /** Rows by facet kind. */
  readonly facets: Readonly<Record<string, number>>;
  /** Everybody who caused an event, by token or name; at most a million. */
  readonly principals: ReadonlySet<string>;
  /** Rows left out for their time. */
  readonly outside: number;
  /** Hash of the rows' originals, their times and the options: equal when the same is replayed again. */
  readonly content: string;
}

/** Reads the files at and below `paths`. `progress` is told the share that is read and the rows so far. */
export async function readReplayInput(
  paths: readonly string[],
  options: InputOptions & { readonly tokens: Tokens },
  progress: (done: number, rows: number) => void,
): Promise<ReplayInput> {
  const { defaults, tokens, format, signal } = options;
  const reading = readInputs(paths, {
    decoders: allDecoders(),
    defaults,
    tokens,
    ...(format === undefined ? {} : { format }),
    ...(signal === undefined ? {} : { signal }),
  });
  const { report } = reading;
  const intake = new Intake(options, (rows) => progress(report.progress, rows));
  const sorted = await sortByTime(intake.batches(reading.batches), {
    nowMs: defaults.newestMs,
    ...(signal === undefined ? {} : { signal }),
  });
  const { facets, principals, outside, content } = intake;
  return { sorted, report, middle: intake.times.middle(), facets, principals, outside, content };
}

/** What happens to rows between reading and sorting: those out of bounds are left out, the others counted. */
class Intake {
  readonly times = new TimeCounts();
  readonly facets: Record<string, number> = {};
  readonly principals = new Set<string>();
  outside = 0;
  readonly #sinceMs: number;
  readonly #untilMs: number;
  readonly #progress: (rows: number) => void;
  readonly #hash: Hash;
  /** Time of the row read last; a row without a time shares its fate, as it will get its time. */
  #clockMs = Number.NaN;

  constructor(options: InputOptions, progress: (rows: number) => void) {
    const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY, format = '', defaults } = options;
    this.#sinceMs = sinceMs;
    this.#untilMs = untilMs;
    this.#progress = progress;
    const { provider, account, region, declaredFunction = '' } = defaults;
    const asked = [sinceMs, untilMs, format, provider, account, region, declaredFunction].map(String);
    this.#hash = createHash('sha256').update(JSON.stringify(asked));
  }

  get content(): string {
    return this.#hash.copy().digest('hex');
  }

  async *batches(read: AsyncIterable<Batch>): AsyncGenerator<Batch, void> {
    let rows = 0;
    for await (const batch of read) {
      const kept = this.#within(batch);
      this.#count(kept);
      rows += kept.rows;
      this.#progress(rows);
      if (kept.rows > 0) yield kept;
    }
  }

  /** The rows of a batch inside the bounds. */
  #within(batch: Batch): Batch {
    const { eventMs } = batch.columns;
    const inside = Array.from(eventMs, (ms) => this.#inside(ms));
    if (inside.every((one) => one)) return batch;
    const builder = new BatchBuilder();
    const cache = new CopyCache(batch);
    for (const [row, kept] of inside.entries()) {
      if (kept) copyRow(builder, row, cache);
      else this.outside++;
    }
    return builder.finish();
  }

  #inside(ms: number): boolean {
    if (!Number.isNaN(ms)) this.#clockMs = ms;
    return Number.isNaN(this.#clockMs) || (this.#clockMs >= this.#sinceMs && this.#clockMs < this.#untilMs);
  }

  #count(batch: Batch): void {
    const { rows, columns } = batch;
    const { eventMs, kind, origins } = columns;
    for (const origin of origins) this.#hash.update(origin.sha256);
    this.#hash.update(new Uint8Array(eventMs.buffer, eventMs.byteOffset, eventMs.byteLength));
    for (let row = 0; row < rows; row++) {
      const facet = FACETS[kind[row]];
      this.facets[facet] = (this.facets[facet] ?? 0) + 1;
      if (!Number.isNaN(eventMs[row])) this.times.add(eventMs[row]);
    }
    for (const symbol of new Set(columns.symbols[SYMBOL.principal]?.subarray(0, rows))) {
      if (symbol !== 0 && this.principals.size < PRINCIPALS_COUNTED_MAX) this.principals.add(batch.text(symbol));
    }
  }
}
