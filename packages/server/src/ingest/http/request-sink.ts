import { randomInt } from 'node:crypto';
import type { Batch, Origin } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { DecodeSink, RejectReason } from '../decoder.ts';
import { BUILDERS_KEPT_MAX, DETAIL_CHARS_MAX, REJECTS_TOLD_MAX } from './limits.ts';

/** Seeds of the interning table only have to be unknown to who writes the input. */
const SEED_MAX = 0xffff_ffff;

/** A refused record as an answer tells it. `line` is 0 where the input has no lines. */
export interface ToldReject {
  readonly line: number;
  readonly reason: RejectReason;
  readonly detail: string;
}

/** Builders that wait for the next request: making one takes longer than decoding a usual request. */
export class Builders {
  readonly #free: BatchBuilder[] = [];

  take(): BatchBuilder {
    return this.#free.pop() ?? new BatchBuilder([randomInt(SEED_MAX), randomInt(SEED_MAX)]);
  }

  /** Gives back a builder; one with rows in it is left to the garbage collector. */
  give(builder: BatchBuilder): void {
    if (builder.rows === 0 && this.#free.length < BUILDERS_KEPT_MAX) this.#free.push(builder);
  }
}

/** Takes what the decoders make of one request. */
export class RequestSink implements DecodeSink {
  readonly rejected = new Map<RejectReason, number>();
  readonly notes = new Map<string, number>();
  /** The first rejects, for the answer. */
  readonly told: ToldReject[] = [];
  rejects = 0;
  /** Why the request as a whole could not be used, '' when it could. */
  unusable = '';
  /** The first function key that a record claimed against its envelope; undefined when none did. */
  firstClaim: string | undefined;
  readonly #builder: BatchBuilder;
  #isUnreadable = false;
  #batches: Batch[] = [];
  #piece: Origin = { name: '', from: 0, to: 0, sha256: '' };
  /** Number of the piece in the batch at hand; -1 when the batch does not know it yet. */
  #origin = -1;

  constructor(builder: BatchBuilder) {
    this.#builder = builder;
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

  unreadable(): void {
    this.#isUnreadable = true;
  }

  claimed(functionKey: string): void {
    this.firstClaim ??= functionKey;
  }

  reject(reason: RejectReason, detail: string, line = 0): void {
    this.rejects++;
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
    if (this.#isUnreadable && this.unusable === '') this.unusable = `${reason}: ${detail}`;
    if (reason === 'identity-mismatch') this.firstClaim ??= '';
    if (this.told.length < REJECTS_TOLD_MAX)
      this.told.push({ line, reason, detail: detail.slice(0, DETAIL_CHARS_MAX) });
  }

  note(name: string): void {
    this.notes.set(name, (this.notes.get(name) ?? 0) + 1);
  }

  /** Completes the last batch and takes all of them. */
  end(): readonly Batch[] {
    if (this.#builder.rows > 0) this.#finish();
    const batches = this.#batches;
    this.#batches = [];
    return batches;
  }

  #finish(): void {
    this.#batches.push(this.#builder.finish());
    this.#origin = -1;
  }
}
