import type { Batch, Origin } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { DecodeSink, RejectReason } from '../decoder.ts';
import type { ReportWriter } from './report.ts';

/** Takes rows from decoders into batches, and counts everything else in the report. */
export class BatchSink implements DecodeSink {
  readonly #builder: BatchBuilder;
  readonly #report: ReportWriter;
  #full: Batch[] = [];
  #piece: Origin = { name: '', from: 0, to: 0, sha256: '' };
  /** Number of the piece in the batch at hand; -1 when the batch does not know it yet. */
  #origin = -1;

  constructor(report: ReportWriter, internSeed: readonly [number, number]) {
    this.#report = report;
    this.#builder = new BatchBuilder(internSeed);
  }

  /** Says which piece of the original the following records come from. */
  from(piece: Origin): void {
    this.#piece = piece;
    this.#origin = -1;
  }

  builder(): BatchBuilder {
    if (this.#builder.full) this.#finish();
    if (this.#origin < 0) this.#origin = this.#builder.addOrigin(this.#piece);
    return this.#builder;
  }

  get origin(): number {
    return this.#origin;
  }

  reject(reason: RejectReason, detail: string, line = 0): void {
    this.#report.reject({ reason, detail, path: this.#piece.name, line });
  }

  note(name: string): void {
    this.#report.note(name);
  }

  /** True when there are batches to take. */
  get hasFull(): boolean {
    return this.#full.length > 0;
  }

  /** Takes the batches that are full. */
  take(): readonly Batch[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** Completes the last batch and takes it. */
  end(): readonly Batch[] {
    if (this.#builder.rows > 0) this.#finish();
    return this.take();
  }

  #finish(): void {
    const batch = this.#builder.finish();
    this.#report.rows += batch.rows;
    this.#full.push(batch);
    this.#origin = -1;
  }
}
