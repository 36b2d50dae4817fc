import { randomBytes } from 'node:crypto';
import { Hasher } from '@gait/engine/base/hash';
import type { RejectReason } from '../decoder.ts';
import { SPANS_PER_GROUP_MAX } from './limits.ts';
import { NANOS_PER_MS } from './nanos.ts';

/** Kinds of spans by their number on the wire. */
export const KIND = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** What is read of every span before any attribute is looked at. One object is reused. */
export class SpanHead {
  /** Four words of the trace id. */
  readonly trace = new Uint32Array(4);
  readonly span = new Uint32Array(2);
  /** Both 0 for a root span. */
  readonly parent = new Uint32Array(2);
  kind = 0;
  /** Whole ms since 1970 and ns beyond them, all 0 when absent. */
  startMs = 0;
  startRest = 0;
  endMs = 0;
  endRest = 0;
  /** Why the span cannot be used, as far as its encoding tells. */
  problem: RejectReason | '' = '';
  detail = '';
  /** Where the span stands, for `locate`. */
  from = 0;
  to = 0;
  /** Where, or under which number, its reader finds what the head leaves out. */
  rest = 0;

  clear(): void {
    for (let word = 0; word < 4; word++) this.trace[word] = 0;
    for (let word = 0; word < 2; word++) {
      this.span[word] = 0;
      this.parent[word] = 0;
    }
    this.kind = 0;
    this.startMs = 0;
    this.startRest = 0;
    this.endMs = 0;
    this.endRest = 0;
    this.problem = '';
    this.detail = '';
  }

  /** Whether trace and span have ids: all zeros stand for none. */
  get hasIds(): boolean {
    const { trace, span } = this;
    return (trace[0] | trace[1] | trace[2] | trace[3]) !== 0 && (span[0] | span[1]) !== 0;
  }

  /** Time from start to end, NaN when one of them is absent. */
  get durationMs(): number {
    if (this.startMs === 0 || this.endMs === 0) return Number.NaN;
    return this.endMs - this.startMs + (this.endRest - this.startRest) / NANOS_PER_MS;
  }

  /** Notes the first problem met. */
  fail(problem: RejectReason, detail: string): void {
    if (this.problem !== '') return;
    this.problem = problem;
    this.detail = detail;
  }
}

const CAPACITY_FIRST = 256;

/**
 * The spans of one group as columns, with an index by trace and span id: 84 bytes a span, memory kept between groups.
 * The index is seeded, because senders choose the ids.
 */
export class SpanTable {
  count = 0;
  trace = new Uint32Array(4 * CAPACITY_FIRST);
  span = new Uint32Array(2 * CAPACITY_FIRST);
  parent = new Uint32Array(2 * CAPACITY_FIRST);
  kind = new Uint8Array(CAPACITY_FIRST);
  startMs = new Float64Array(CAPACITY_FIRST);
  startRest = new Uint32Array(CAPACITY_FIRST);
  /** NaN when the span has no end. */
  durationMs = new Float64Array(CAPACITY_FIRST);
  sender = new Uint32Array(CAPACITY_FIRST);
  from = new Float64Array(CAPACITY_FIRST);
  to = new Float64Array(CAPACITY_FIRST);
  rest = new Float64Array(CAPACITY_FIRST);
  #slots = new Uint32Array(2 * CAPACITY_FIRST);
  #mask = 0;
  readonly #hasher: Hasher;

  constructor() {
    const seed = randomBytes(8);
    this.#hasher = new Hasher(seed.readUInt32LE(0), seed.readUInt32LE(4));
  }

  get full(): boolean {
    return this.count >= SPANS_PER_GROUP_MAX;
  }

  clear(): void {
    this.count = 0;
  }

  add(head: SpanHead, sender: number): void {
    if (this.count >= this.kind.length) this.#grow();
    const at = this.count++;
    for (let word = 0; word < 4; word++) this.trace[4 * at + word] = head.trace[word];
    for (let word = 0; word < 2; word++) {
      this.span[2 * at + word] = head.span[word];
      this.parent[2 * at + word] = head.parent[word];
    }
    this.kind[at] = head.kind;
    this.startMs[at] = head.startMs;
    this.startRest[at] = head.startRest;
    this.durationMs[at] = head.durationMs;
    this.sender[at] = sender;
    this.from[at] = head.from;
    this.to[at] = head.to;
    this.rest[at] = head.rest;
  }
  /** Builds the index over the spans added. Of spans with the same ids the first counts. */
  index(): void {
    let size = 16;
    while (size < 2 * this.count) size *= 2;
    if (size > this.#slots.length) this.#slots = new Uint32Array(size);
    else this.#slots.fill(0, 0, size);
    this.#mask = size - 1;
    for (let at = 0; at < this.count; at++) {
      const slot = this.#slotOf(4 * at, this.span[2 * at], this.span[2 * at + 1]);
      if (this.#slots[slot] === 0) this.#slots[slot] = at + 1;
    }
  }

  /** Time from the start of one span to the start of another, NaN when one of them is absent. */
  offsetMs(from: number, to: number): number {
    if (this.startMs[from] === 0 || this.startMs[to] === 0) return Number.NaN;
    return this.startMs[to] - this.startMs[from] + (this.startRest[to] - this.startRest[from]) / NANOS_PER_MS;
  }

  /** True when a span names no parent. */
  isRoot(at: number): boolean {
    return this.parent[2 * at] === 0 && this.parent[2 * at + 1] === 0;
  }

  /** The span that span `at` names as its parent, -1 when it is not in the group. Valid after `index`. */
  parentOf(at: number): number {
    if (this.isRoot(at)) return -1;
    const high = this.parent[2 * at];
    const low = this.parent[2 * at + 1];
    return this.#slots[this.#slotOf(4 * at, high, low)] - 1;
  }

  /** Slot that holds, or would hold, the span with this id in the trace whose words start at `trace`. */
  #slotOf(trace: number, high: number, low: number): number {
    const words = this.trace;
    this.#hasher.words(high, low, words[trace + 2], words[trace + 3]);
    for (let slot = this.#hasher.lo & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = this.#slots[slot] - 1;
      if (at < 0) return slot;
      const same =
        this.span[2 * at] === high &&
        this.span[2 * at + 1] === low &&
        words[4 * at] === words[trace] &&
        words[4 * at + 1] === words[trace + 1] &&
        words[4 * at + 2] === words[trace + 2] &&
        words[4 * at + 3] === words[trace + 3];
      if (same) return slot;
    }
  }

  #grow(): void {
    const capacity = Math.min(SPANS_PER_GROUP_MAX, 2 * this.kind.length);
    this.trace = grown(this.trace, new Uint32Array(4 * capacity));
    this.span = grown(this.span, new Uint32Array(2 * capacity));
    this.parent = grown(this.parent, new Uint32Array(2 * capacity));
    this.kind = grown(this.kind, new Uint8Array(capacity));
    this.startMs = grown(this.startMs, new Float64Array(capacity));
    this.startRest = grown(this.startRest, new Uint32Array(capacity));
    this.durationMs = grown(this.durationMs, new Float64Array(capacity));
    this.sender = grown(this.sender, new Uint32Array(capacity));
    this.from = grown(this.from, new Float64Array(capacity));
    this.to = grown(this.to, new Float64Array(capacity));
    this.rest = grown(this.rest, new Float64Array(capacity));
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
