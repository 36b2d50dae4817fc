import type { Hasher } from '../base/hash.ts';
import { mix32 } from '../base/hash.ts';
import type { Batch } from '../event/batch.ts';
import {
  FACET,
  ID,
  type IdField,
  NUMBER,
  NUMBERS,
  type NumberField,
  SYMBOL,
  SYMBOLS,
  type SymbolField,
} from '../event/schema.ts';
import type { Observation, Observations } from './observation.ts';
import { type Key, spanKeyOf } from './span-key.ts';
import { verbClassOf } from './verb-class.ts';

/** Numbers and symbols that nothing looks at once the row is in the log: they are not copied. */
const UNREAD_NUMBERS: readonly NumberField[] = ['memorySizeMb', 'threads', 'files', 'sequence'];
const UNREAD_SYMBOLS: readonly SymbolField[] = ['function', 'country', 'client', 'instance', 'account', 'claimed'];

/** Facet kinds that say which calls an invocation made. */
const KINDS_WITH_CALLS = (1 << FACET.sensor) | (1 << FACET.otel) | (1 << FACET.xray);

/**
 * One batch as the engine sees it: its strings hashed with the log's seed (once each, when first asked for), and its
 * rows copied into observations. Cost of a row: what its present columns hold, about 60 ns for ten fields.
 */
export class BatchView {
  readonly batch: Batch;
  readonly hasher: Hasher;
  readonly #hi: Uint32Array;
  readonly #lo: Uint32Array;
  /** Columns that rows are copied from, and the place of each in an observation. */
  readonly #numbers: { readonly at: number; readonly column: Float64Array }[] = [];
  readonly #symbols: { readonly at: number; readonly column: Uint32Array }[] = [];
  readonly #functionColumn: Uint32Array | undefined;
  /** What each verb does to what is stored, by symbol: 1 + the class, 0 while nobody asked. */
  readonly #verbs: Uint8Array;

  constructor(batch: Batch, hasher: Hasher) {
    this.batch = batch;
    this.hasher = hasher;
    this.#hi = new Uint32Array(batch.symbolCount);
    this.#lo = new Uint32Array(batch.symbolCount);
    for (const [at, field] of NUMBERS.entries()) {
      const column = batch.columns.numbers[at];
      if (column !== undefined && !UNREAD_NUMBERS.includes(field)) this.#numbers.push({ at, column });
    }
    for (const [at, field] of SYMBOLS.entries()) {
      const column = batch.columns.symbols[at];
      if (column !== undefined && !UNREAD_SYMBOLS.includes(field)) this.#symbols.push({ at, column });
    }
    this.#functionColumn = batch.columns.symbols[SYMBOL.function];
    this.#verbs = new Uint8Array(batch.symbolCount);
  }

  /** What a verb does to what is stored (`VERB_CLASS`); worked out once a batch. */
  verbClass(symbol: number): number {
    const known = this.#verbs[symbol];
    if (known !== 0) return known - 1;
    const found = verbClassOf(this.batch.text(symbol));
    this.#verbs[symbol] = found + 1;
    return found;
  }

  /** Symbol of the row's function, 0 when it has none. */
  functionSymbol(row: number): number {
    return this.#functionColumn === undefined ? 0 : this.#functionColumn[row];
  }

  /** High word of a symbol's 64-bit hash. */
  hi(symbol: number): number {
    this.lo(symbol);
    return this.#hi[symbol];
  }

  /** Low word of a symbol's 64-bit hash: its 32-bit identity. 0 for the absent symbol only. */
  lo(symbol: number): number {
    if (symbol === 0) return 0;
    const known = this.#lo[symbol];
    if (known !== 0) return known;
    const { starts, bytes } = this.batch.columns.strings;
    this.hasher.bytes(bytes, starts[symbol], starts[symbol + 1]);
    this.#hi[symbol] = this.hasher.hi;
    this.#lo[symbol] = this.hasher.lo || 1;
    return this.#lo[symbol];
  }

  /** Hashes an identifier into the shared hasher; false when the row has none. */
  hashId(row: number, field: IdField): boolean {
    const column = this.batch.columns.ids[ID[field]];
    if (column === undefined || column.starts[row] === column.starts[row + 1]) return false;
    this.hasher.bytes(column.bytes, column.starts[row], column.starts[row + 1]);
    return true;
  }

  /** Key of a span id, undefined when the row has none. */
  spanKey(row: number, field: 'spanId' | 'parentSpanId'): Key | undefined {
    const column = this.batch.columns.ids[ID[field]];
    if (column === undefined || column.starts[row] === column.starts[row + 1]) return undefined;
    return spanKeyOf(column.bytes, { start: column.starts[row], end: column.starts[row + 1] }, this.hasher);
  }

  /** Makes observations forget what they held, before they are filled with rows of this batch. */
  reset(seen: Observations): void {
    seen.numbers.fill(Number.NaN);
    seen.symbols.fill(0);
    for (const row of seen.rows) row.batch = this.batch;
  }

  /** Copies `count` rows. The observations must have been `reset` for this batch. */
  fill(seen: Observations, from: number, count: number): void {
    const { numbers, symbols, rows } = seen;
    for (const { at, column } of this.#numbers) {
      for (let i = 0, to = at; i < count; i++, to += NUMBERS.length) numbers[to] = column[from + i];
    }
    const known = this.#lo;
    for (const { at, column } of this.#symbols) {
      for (let i = 0, to = at; i < count; i++, to += SYMBOLS.length) {
        const symbol = column[from + i];
        symbols[to] = known[symbol] || this.lo(symbol);
      }
    }
    for (let i = 0; i < count; i++) this.#fillRow(rows[i], from + i);
  }

  #fillRow(seen: Observation, row: number): void {
    const { columns } = this.batch;
    const { calls } = columns;
    seen.row = row;
    seen.eventMs = columns.eventMs[row];
    seen.nowMs = columns.receivedMs[row];
    seen.facets = 1 << columns.kind[row];
    seen.trust = columns.trust[row];
    seen.flags = columns.flags[row];
    seen.callsKnown = (seen.facets & KINDS_WITH_CALLS) !== 0;
    const from = calls.start[row];
    const count = calls.start[row + 1] - from;
    seen.callCount = count;
    for (let i = 0; i < count; i++) {
      const at = from + i;
      seen.callToken[i] = tokenOf(this.lo(calls.verb[at]), this.lo(calls.resource[at]));
      seen.callDestination[i] = this.lo(calls.destination[at]);
      seen.callBytesOut[i] = calls.bytesOut[at];
      seen.callBytesIn[i] = calls.bytesIn[at];
      seen.callClass[i] = this.verbClass(calls.verb[at]);
    }
  }
}

/** Identity of a step of the call flow: what was done, to what. */
export function tokenOf(verbHash: number, resourceHash: number): number {
  return mix32(verbHash ^ Math.imul(resourceHash, 0x85ebca6b)) >>> 0 || 1;
}

/** Hash of what two copies of one facet must agree on. */
export function contentOf(seen: Observation): number {
  const { numbers, symbols } = seen;
  let hash = seen.flags & 1;
  for (const at of [NUMBER.durationMs, NUMBER.billedMs, NUMBER.memoryMb, NUMBER.bytesOut]) {
    const value = numbers[at];
    hash = mix32(hash ^ (Number.isNaN(value) ? -1 : (value * 1000) | 0));
  }
  hash = mix32(hash ^ symbols[SYMBOL.status]);
  for (let i = 0; i < seen.callCount; i++) hash = mix32(hash ^ seen.callToken[i]);
  return hash >>> 0;
}
