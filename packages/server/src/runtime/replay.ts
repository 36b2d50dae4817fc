import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { CopyCache, copyRow } from '@gait/engine/event/copy';
import { FACETS } from '@gait/engine/event/schema';
import type { Format, SourceDefaults } from '../ingest/decoder.ts';
import { allDecoders } from '../ingest/decoders.ts';
import { readInputs } from '../ingest/reader/read.ts';
import type { ReadReport } from '../ingest/reader/report.ts';
import { type SortedRows, sortByTime } from '../ingest/reader/sort.ts';
import type { Workspace } from './workspace.ts';

/** What to replay. */
export interface ReplayRequest {
  readonly paths: readonly string[];
  /** Paths of a period that is declared normal; empty: the first half of the time span of `paths`, if the log is new. */
  readonly learn: readonly string[];
  readonly format?: Format;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly defaults: SourceDefaults;
  readonly signal?: AbortSignal;
  /** Told several times a second while there is something to tell. */
  readonly progress?: (progress: ReplayProgress) => void;
}

/** How far a replay is. */
export interface ReplayProgress {
  readonly phase: 'reading' | 'learning' | 'judging';
  /** Share of the phase that is done, 0..1. */
  readonly done: number;
  readonly rows: number;
}

/** What a replay did, besides findings, which are in the store. */
export interface ReplayResult {
  readonly events: number;
  readonly facets: Readonly<Record<string, number>>;
  readonly reports: readonly ReadReport[];
  /** Period that was learned as normal; undefined when the data folder had learned before and nothing was declared. */
  readonly learned: { readonly fromMs: number; readonly toMs: number } | undefined;
  readonly judged: { readonly fromMs: number; readonly toMs: number };
  /** Rows outside `sinceMs` and `untilMs`. */
  readonly outside: number;
  /** Seconds spent, reading included. */
  readonly seconds: number;
}

/** Seconds of silence at the end after which every invocation is closed and every minute told. */
const SETTLE_MS = 120_000;
const DAY_MS = 86_400_000;

/**
 * Reads telemetry that already exists, appends it to the log in the order of its own time, and lets the engine judge it.
 * The clock of the log is the time of the events; when it would have to go back (a learning period later than what is
 * judged, a second replay into the same folder) the rows are moved by whole days, so that hours of the day stay true.
 */
export async function replay(workspace: Workspace, request: ReplayRequest): Promise<ReplayResult> {
  return new Replay(workspace, request).run();
}

class Replay {
  readonly #workspace: Workspace;
  readonly #request: ReplayRequest;
  readonly #facets: Record<string, number> = {};
  readonly #reports: ReadReport[] = [];
  #events = 0;
  #outside = 0;

  constructor(workspace: Workspace, request: ReplayRequest) {
    this.#workspace = workspace;
    this.#request = request;
  }

  async run(): Promise<ReplayResult> {
    const started = process.hrtime.bigint();
    const fresh = this.#workspace.log.next <= 1;
    let learned: ReplayResult['learned'];
    if (this.#request.learn.length > 0) {
      const sorted = await this.#sorted(this.#request.learn);
      learned = { fromMs: sorted.fromMs, toMs: sorted.toMs };
      const shift = this.#shiftFor(sorted.fromMs);
      await this.#train(sorted.fromMs + shift, sorted.toMs + shift + 1);
      await this.#feed(sorted, shift, 'learning');
    }
    const sorted = await this.#sorted(this.#request.paths);
    const shift = this.#shiftFor(sorted.fromMs);
    let judgedFrom = sorted.fromMs;
    if (learned === undefined && fresh && sorted.rows > 0) {
      judgedFrom = Math.floor((sorted.fromMs + sorted.toMs) / 2);
      learned = { fromMs: sorted.fromMs, toMs: judgedFrom };
      await this.#train(sorted.fromMs + shift, judgedFrom + shift);
    }
    await this.#feed(sorted, shift, 'judging');
    await this.#workspace.append({ type: 'tick', throughMs: this.#workspace.log.lastMs + SETTLE_MS });
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    return {
      events: this.#events,
      facets: this.#facets,
      reports: this.#reports,
      learned,
      judged: { fromMs: judgedFrom, toMs: sorted.toMs },
      outside: this.#outside,
      seconds,
    };
  }

  async #sorted(paths: readonly string[]): Promise<SortedRows> {
    const { defaults, format, signal } = this.#request;
    const reading = readInputs(paths, {
      decoders: allDecoders(),
      defaults,
      tokens: this.#workspace.tokens,
      ...(format === undefined ? {} : { format }),
      ...(signal === undefined ? {} : { signal }),
    });
    this.#reports.push(reading.report);
    return sortByTime(this.#counted(reading.batches, reading.report), {
      nowMs: defaults.newestMs,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async *#counted(batches: AsyncIterable<Batch>, report: ReadReport): AsyncGenerator<Batch> {
    let rows = 0;
    for await (const batch of batches) {
      const kept = this.#within(batch);
      for (let row = 0; row < kept.rows; row++) {
        const kind = FACETS[kept.columns.kind[row]];
        this.#facets[kind] = (this.#facets[kind] ?? 0) + 1;
      }
      rows += kept.rows;
      this.#events += kept.rows;
      this.#request.progress?.({ phase: 'reading', done: report.progress, rows });
      if (kept.rows > 0) yield kept;
    }
  }

  /** The rows of a batch inside `--since` and `--until`. */
  #within(batch: Batch): Batch {
    const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY } = this.#request;
    const inside = (ms: number) => Number.isNaN(ms) || (ms >= sinceMs && ms < untilMs);
    if (batch.columns.eventMs.every(inside)) return batch;
    const builder = new BatchBuilder();
    const cache = new CopyCache(batch);
    for (let row = 0; row < batch.rows; row++) {
      if (inside(batch.columns.eventMs[row])) copyRow(builder, row, cache);
      else this.#outside++;
    }
    return builder.finish();
  }

  /** Whole days by which rows are moved so that the log's clock does not go back. */
  #shiftFor(fromMs: number): number {
    const behind = this.#workspace.log.lastMs - fromMs;
    return !(behind > 0) ? 0 : Math.ceil(behind / DAY_MS) * DAY_MS;
  }

  async #train(fromMs: number, toMs: number): Promise<void> {
    await this.#workspace.append({
      type: 'control',
      receivedMs: fromMs,
      control: { kind: 'training-span', fromMs, toMs, by: 'replay' },
    });
  }

  async #feed(sorted: SortedRows, shiftMs: number, phase: 'learning' | 'judging'): Promise<void> {
    let rows = 0;
    for await (const batch of sorted.batches()) {
      this.#request.signal?.throwIfAborted();
      if (shiftMs !== 0) for (let row = 0; row < batch.rows; row++) batch.columns.receivedMs[row] += shiftMs;
      await this.#workspace.append({ type: 'observation', batch });
      rows += batch.rows;
      this.#request.progress?.({ phase, done: rows / Math.max(1, sorted.rows), rows });
    }
  }
}
