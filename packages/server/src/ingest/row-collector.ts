import type { Batch, Origin } from '@gait/engine/event/batch';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { DecodeSink, RejectReason } from './decoder.ts';

/**
 * The part of a sink that takes rows: a builder that is emptied when it is full, and in each batch the piece of the original that
 * its rows come from. What becomes of rejects and notes is for the sinks to say.
 */
export abstract class RowCollector implements DecodeSink {
  readonly #builder: BatchBuilder;
  #full: Batch[] = [];
  /** Piece of the original that records come from now. */
  protected piece: Origin = { name: '', from: 0, to: 0, sha256: '' };
  /** Number of the piece in the batch at hand; -1 when the batch does not know it yet. */
  #origin = -1;

  constructor(builder: BatchBuilder) {
    this.#builder = builder;
  }

  abstract reject(reason: RejectReason, detail: string, line?: number): void;
  abstract note(name: string): void;

  /** Says which piece of the original the following records come from. */
  from(piece: Origin): void {
    this.piece = piece;
    this.#origin = -1;
  }

  builder(): BatchBuilder {
    if (this.#builder.full) this.#finish();
    if (this.#origin < 0) this.#origin = this.#builder.addOrigin(this.piece);
    return this.#builder;
  }

  get origin(): number {
    return this.#origin;
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

  /** Completes the last batch and takes all of them. */
  end(): readonly Batch[] {
    if (this.#builder.rows > 0) this.#finish();
    return this.take();
  }

  /** Told of each batch that is complete. */
  protected completed(_batch: Batch): void {}

  #finish(): void {
    const batch = this.#builder.finish();
    this.#full.push(batch);
    this.#origin = -1;
    this.completed(batch);
  }
}
