import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { RejectReason } from '../decoder.ts';
import { RowCollector } from '../row-collector.ts';
import type { ReportWriter } from './report.ts';

/** Takes rows from decoders into batches, and counts everything else in the report. */
export class BatchSink extends RowCollector {
  readonly #report: ReportWriter;

  constructor(report: ReportWriter, internSeed: readonly [number, number]) {
    super(new BatchBuilder(internSeed));
    this.#report = report;
  }

  reject(reason: RejectReason, detail: string, line = 0): void {
    this.#report.reject({ reason, detail, path: this.piece.name, line });
  }

  note(name: string): void {
    this.#report.note(name);
  }

  protected override completed(batch: Batch): void {
    this.#report.rows += batch.rows;
  }
}
