import type { IdField, NumberField, SymbolField } from './schema.ts';
import { ID, NUMBER, SYMBOL } from './schema.ts';

/** A piece of an original (part of a file, one delivery) that rows were decoded from. */
export interface Origin {
  /** File path as given, or delivery id. */
  readonly name: string;
  /** Byte range `[from, to)` of the decompressed original that the hash covers. */
  readonly from: number;
  readonly to: number;
  /** SHA-256 of those bytes, lower-case hex. */
  readonly sha256: string;
}

/** Interned strings of one batch. Index 0 is the absent string. */
export interface StringTable {
  /** `count + 1` start offsets into `bytes`. */
  readonly starts: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Bytes per row, not interned: row `i` is `bytes[starts[i], starts[i + 1])`. */
export interface IdColumn {
  readonly starts: Uint32Array;
  readonly bytes: Uint8Array;
}

/** Outbound calls, child processes and other steps of invocations, in order; row `i` owns `[start[i], start[i + 1])`. */
export interface Calls {
  readonly start: Uint32Array;
  /** `service:Operation`, `http:GET`, `exec:sh`: what was done (symbol). */
  readonly verb: Uint32Array;
  /** Bucket, table, function, host and route template (symbol). */
  readonly resource: Uint32Array;
  /** Destination key: registrable domain, cloud service with its resource, address class (symbol). */
  readonly destination: Uint32Array;
  /** NaN when unknown. */
  readonly bytesOut: Float64Array;
  readonly bytesIn: Float64Array;
  /** HTTP-like status, 0 when unknown. */
  readonly status: Uint16Array;
  /** Start, relative to the row's event time; NaN when unknown. */
  readonly offsetMs: Float32Array;
  readonly durationMs: Float32Array;
  /** Span id of the call as two 32-bit words, both 0 when it has none. */
  readonly spanHi: Uint32Array;
  readonly spanLo: Uint32Array;
}

/** A column this version does not know, kept so that nothing is lost. */
export interface ExtraColumn {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The columns of a batch, as handed to the constructor. */
export interface BatchColumns {
  readonly rows: number;
  readonly receivedMs: Float64Array;
  readonly eventMs: Float64Array;
  readonly kind: Uint8Array;
  readonly trust: Uint8Array;
  readonly flags: Uint16Array;
  /** Which decoder made the row (symbol). */
  readonly source: Uint32Array;
  readonly origin: Uint32Array;
  readonly originOffset: Uint32Array;
  readonly originLength: Uint32Array;
  /** Line of the original, counted from 1, 0 when it has none. */
  readonly originLine: Uint32Array;
  readonly numbers: readonly (Float64Array | undefined)[];
  readonly symbols: readonly (Uint32Array | undefined)[];
  readonly ids: readonly (IdColumn | undefined)[];
  readonly calls: Calls;
  readonly strings: StringTable;
  readonly origins: readonly Origin[];
  readonly extra: ReadonlyMap<string, ExtraColumn>;
}

const decoder = new TextDecoder();

/**
 * Up to `BATCH_ROWS_MAX` observations as columns: the unit of decoding, appending and stepping. Read-only, except that
 * the log writer stamps `receivedMs`. Absent columns are undefined; absent cells are NaN, symbol 0 or an empty id.
 */
export class Batch {
  readonly rows: number;
  readonly columns: BatchColumns;
  readonly #texts: (string | undefined)[] = [];

  constructor(columns: BatchColumns) {
    this.rows = columns.rows;
    this.columns = columns;
  }

  /** Value of a numeric field, NaN when absent. */
  number(row: number, field: NumberField): number {
    const column = this.columns.numbers[NUMBER[field]];
    return column === undefined ? Number.NaN : column[row];
  }

  /** Symbol of a field, 0 when absent. */
  symbol(row: number, field: SymbolField): number {
    const column = this.columns.symbols[SYMBOL[field]];
    return column === undefined ? 0 : column[row];
  }

  /** Text of a symbolic field, '' when absent. */
  symbolText(row: number, field: SymbolField): string {
    return this.text(this.symbol(row, field));
  }

  /** Text of an identifier, '' when absent. Allocates. */
  idText(row: number, field: IdField): string {
    const column = this.columns.ids[ID[field]];
    if (column === undefined) return '';
    return decoder.decode(column.bytes.subarray(column.starts[row], column.starts[row + 1]));
  }

  /** Text of a symbol; decoded once per batch. */
  text(symbol: number): string {
    if (symbol === 0) return '';
    const known = this.#texts[symbol];
    if (known !== undefined) return known;
    const { starts, bytes } = this.columns.strings;
    const text = decoder.decode(bytes.subarray(starts[symbol], starts[symbol + 1]));
    this.#texts[symbol] = text;
    return text;
  }

  /** Number of symbols, the absent one included. */
  get symbolCount(): number {
    return this.columns.strings.starts.length - 1;
  }
}
