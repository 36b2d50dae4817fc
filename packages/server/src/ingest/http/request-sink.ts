import { randomInt } from 'node:crypto';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { RejectReason } from '../decoder.ts';
import { RowCollector } from '../row-collector.ts';
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
export class RequestSink extends RowCollector {
  readonly rejected = new Map<RejectReason, number>();
  readonly notes = new Map<string, number>();
  /** The first rejects, for the answer. */
  readonly told: ToldReject[] = [];
  rejects = 0;
  /** Why the request as a whole could not be used, '' when it could. */
  unusable = '';
  /** The first function key that a record claimed against its envelope; undefined when none did. */
  firstClaim: string | undefined;
  #isUnreadable = false;

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
}
