import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import {
  BATCH_CALLS_MAX,
  BATCH_ORIGINS_MAX,
  BATCH_ROWS_MAX,
  BATCH_STRINGS_MAX,
  CALLS_PER_ROW_MAX,
  ID_BYTES_MAX,
  STRING_BYTES_MAX,
} from '../base/limits.ts';
import { Batch, type Calls, type ExtraColumn, type IdColumn, type Origin, type StringTable } from './batch.ts';
import { controlText, parseControl } from './control.ts';
import type { Control, LogRecord } from './record.ts';
import { SCHEMA } from './record.ts';
import { FACETS, IDS, NUMBERS, SYMBOLS, TRUST } from './schema.ts';

/**
 * Binary forms of log records, little-endian. All begin with a magic word and the schema id.
 *
 * Batch: `GBAT`, schema, rows, directory bytes (4 x u32), then the directory, then the columns. The directory is a JSON
 * list of `[name, type, at, length]`; `at` counts from the first column byte, each column begins at the next multiple of
 * 8, nothing lies between. Decoding makes views, not copies. A column that is all absent is left out.
 * Control: `GCTL`, schema, receivedMs (f64), canonical JSON. Tick: `GTCK`, schema, throughMs (f64).
 */
const MAGIC_BATCH = 0x54_41_42_47;
const MAGIC_CONTROL = 0x4c_54_43_47;
const MAGIC_TICK = 0x4b_43_54_47;
const BATCH_HEAD_BYTES = 16;
const RECORD_HEAD_BYTES = 16;

/** Columns in one batch. This schema has about seventy; the rest is room for newer ones that are only carried along. */
export const COLUMNS_MAX = 512;
/** Bytes of a column directory: `COLUMNS_MAX` entries of a long name each. */
export const DIRECTORY_BYTES_MAX = 65_536;
/** Bytes of an encoded control record: the one with the longest texts, each at its limit, six bytes for a character. */
export const CONTROL_BYTES_MAX = 81_920;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Gives memory for so many bytes, aligned to 8; what it held is overwritten. */
export type Room = (bytes: number) => Uint8Array<ArrayBuffer>;

/**
 * Encodes a batch. What comes out is read once, so that nothing is written that cannot be read back: a batch with
 * impossible content (an infinity, a symbol out of range) throws `GAIT_BATCH_DAMAGED`. Cost: one copy of its columns.
 */
export function encodeBatch(batch: Batch): Uint8Array<ArrayBuffer> {
  const out = layBatch(batch, newRoom);
  decodeBatch(out);
  return out;
}

/**
 * Decodes a batch; its columns are views of `bytes` (of an aligned copy if `bytes` is not aligned to 8), so keep `bytes`
 * unchanged. Everything is checked: `GAIT_BATCH_DAMAGED` for impossible content, `GAIT_SCHEMA_NEWER` for a later schema.
 */
export function decodeBatch(bytes: Uint8Array): Batch {
  const whole = aligned(bytes);
  if (whole.length < BATCH_HEAD_BYTES) throw damaged('it ends in its head');
  const [magic, schema, rows, directoryLength] = new Uint32Array(whole.buffer, whole.byteOffset, 4);
  checkHead(magic === MAGIC_BATCH, schema);
  if (rows > BATCH_ROWS_MAX) throw damaged('too many rows');
  const base = align8(BATCH_HEAD_BYTES + directoryLength);
  if (directoryLength > DIRECTORY_BYTES_MAX || base > whole.length) throw damaged('the directory does not fit');
  const directory = whole.subarray(BATCH_HEAD_BYTES, BATCH_HEAD_BYTES + directoryLength);
  return new BatchReader(rows, columnViews(directory, whole.subarray(base))).read();
}

/** Encodes any record of the log. Controls are checked on the way, so that nothing is written that cannot be read. */
export function encodeRecord(record: LogRecord): Uint8Array<ArrayBuffer> {
  if (record.type === 'observation') return encodeBatch(record.batch);
  if (record.type === 'tick') return encodeStamped(MAGIC_TICK, record.throughMs, '');
  return encodeStamped(MAGIC_CONTROL, record.receivedMs, controlText(record.control));
}

/**
 * Encodes a record without reading a batch back, which is a third of the cost: whoever keeps the bytes passes them
 * through `decodeRecord` before. Batches go into memory of `room`.
 */
export function encodeRecordInto(record: LogRecord, room: Room): Uint8Array<ArrayBuffer> {
  return record.type === 'observation' ? layBatch(record.batch, room) : encodeRecord(record);
}

/** Decodes any record of the log; errors as in `decodeBatch`. */
export function decodeRecord(bytes: Uint8Array): LogRecord {
  if (bytes.length < RECORD_HEAD_BYTES) throw damaged('it ends in its head');
  const head = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEAD_BYTES);
  const magic = head.getUint32(0, true);
  if (magic === MAGIC_BATCH) return { type: 'observation', batch: decodeBatch(bytes) };
  checkHead(magic === MAGIC_CONTROL || magic === MAGIC_TICK, head.getUint32(4, true));
  const stampMs = head.getFloat64(8, true);
  if (!Number.isFinite(stampMs)) throw damaged('its stamp is not a number');
  if (magic === MAGIC_CONTROL) {
    return { type: 'control', receivedMs: stampMs, control: decodeControl(bytes.subarray(RECORD_HEAD_BYTES)) };
  }
  if (bytes.length !== RECORD_HEAD_BYTES) throw damaged('a tick has bytes left over');
  return { type: 'tick', throughMs: stampMs };
}

/** Every byte is written, so that nothing of what the memory held before remains between the columns. */
function layBatch(batch: Batch, room: Room): Uint8Array<ArrayBuffer> {
  const columns = columnsOf(batch);
  const directory: [string, string, number, number][] = [];
  let end = 0;
  for (const { name, type, view } of columns) {
    const at = align8(end);
    directory.push([name, type, at, view.byteLength]);
    end = at + view.byteLength;
  }
  const directoryBytes = encoder.encode(JSON.stringify(directory));
  assert(directoryBytes.length <= DIRECTORY_BYTES_MAX, 'the column directory fits its limit');
  const base = align8(BATCH_HEAD_BYTES + directoryBytes.length);
  const out = room(base + end);
  new Uint32Array(out.buffer, out.byteOffset, 4).set([MAGIC_BATCH, SCHEMA, batch.rows, directoryBytes.length]);
  out.set(directoryBytes, BATCH_HEAD_BYTES);
  let written = BATCH_HEAD_BYTES + directoryBytes.length;
  for (const [index, { view }] of columns.entries()) {
    const at = base + directory[index][2];
    out.fill(0, written, at);
    out.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
    written = at + view.byteLength;
  }
  return out;
}

function newRoom(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function encodeStamped(magic: number, stampMs: number, text: string): Uint8Array<ArrayBuffer> {
  assert(Number.isFinite(stampMs), 'the stamp of a record is finite');
  const body = encoder.encode(text);
  const out = new Uint8Array(RECORD_HEAD_BYTES + body.length);
  const head = new DataView(out.buffer);
  head.setUint32(0, magic, true);
  head.setUint32(4, SCHEMA, true);
  head.setFloat64(8, stampMs, true);
  out.set(body, RECORD_HEAD_BYTES);
  return out;
}

function decodeControl(bytes: Uint8Array): Control {
  if (bytes.length > CONTROL_BYTES_MAX) throw damaged('the control record is too long');
  const text = decodeText(bytes);
  const control = parseControl(parseJson(text));
  if (controlText(control) !== text) throw damaged('the control record is not in canonical form');
  return control;
}

function checkHead(known: boolean, schema: number): void {
  if (!known) throw damaged('it does not begin like a record');
  if (schema > SCHEMA)
    throw new EngineError('GAIT_SCHEMA_NEWER', `Its schema is ${schema}, this version reads ${SCHEMA}.`);
  if (schema === 0) throw damaged('its schema is 0');
}

/** A column to be written. */
interface ColumnOut {
  readonly name: string;
  readonly type: string;
  readonly view: ArrayBufferView;
}

type TypedColumn = Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array;

/** All columns of a batch that hold something, in the order they are written. */
function columnsOf(batch: Batch): ColumnOut[] {
  const { columns } = batch;
  const out: ColumnOut[] = [];
  const add = (name: string, view: TypedColumn | undefined): void => {
    if (view !== undefined) out.push({ name, type: typeOf(view), view });
  };
  for (const name of ROW_COLUMNS) add(name, columns[name]);
  for (const [at, name] of NUMBERS.entries()) add(name, columns.numbers[at]);
  for (const [at, name] of SYMBOLS.entries()) add(name, columns.symbols[at]);
  for (const [at, name] of IDS.entries()) {
    add(`${name}.starts`, columns.ids[at]?.starts);
    add(`${name}.bytes`, columns.ids[at]?.bytes);
  }
  if (columns.calls.verb.length > 0) {
    add('calls.start', columns.calls.start);
    add('calls.verb', columns.calls.verb);
    for (const name of CALL_COLUMNS) {
      if (hasContent(columns.calls[name])) add(`calls.${name}`, columns.calls[name]);
    }
  }
  add('strings.starts', columns.strings.starts);
  add('strings.bytes', columns.strings.bytes);
  out.push({ name: 'origins', type: 'json', view: encoder.encode(originsText(columns.origins)) });
  for (const [name, { type, bytes }] of columns.extra) out.push({ name, type, view: bytes });
  assert(out.length <= COLUMNS_MAX, 'a batch has no more columns than its limit');
  return out;
}

/** Columns with one cell a row that every batch has. */
const ROW_COLUMNS = [
  'receivedMs',
  'eventMs',
  'kind',
  'trust',
  'flags',
  'source',
  'origin',
  'originOffset',
  'originLength',
  'originLine',
] as const;

/** Columns with one cell a call that may be left out when no call has a value. */
const CALL_COLUMNS = [
  'resource',
  'destination',
  'bytesOut',
  'bytesIn',
  'status',
  'offsetMs',
  'durationMs',
  'spanHi',
  'spanLo',
] as const;

/** True if a cell is neither NaN nor 0 of an integer column: the values a missing column is read back as. */
function hasContent(view: TypedColumn): boolean {
  if (view instanceof Float64Array || view instanceof Float32Array) {
    for (let i = 0; i < view.length; i++) if (!Number.isNaN(view[i])) return true;
    return false;
  }
  for (let i = 0; i < view.length; i++) if (view[i] !== 0) return true;
  return false;
}

function typeOf(view: TypedColumn): string {
  if (view instanceof Float64Array) return 'f64';
  if (view instanceof Float32Array) return 'f32';
  if (view instanceof Uint32Array) return 'u32';
  return view instanceof Uint16Array ? 'u16' : 'u8';
}

function originsText(origins: readonly Origin[]): string {
  return JSON.stringify(origins.map(({ name, from, to, sha256 }) => [name, from, to, sha256]));
}

/** Checks the directory and returns the bytes of each column by name. */
function columnViews(directory: Uint8Array, area: Uint8Array): Map<string, ExtraColumn> {
  const entries = parseJson(decodeText(directory));
  if (!Array.isArray(entries) || entries.length > COLUMNS_MAX) throw damaged('the directory is not a short list');
  const views = new Map<string, ExtraColumn>();
  let end = 0;
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 4) throw damaged('a directory entry is incomplete');
    const [name, type, at, length]: readonly unknown[] = entry;
    if (typeof name !== 'string' || typeof type !== 'string' || views.has(name)) throw damaged('a column has no name');
    if (at !== align8(end) || !isCount(length)) throw damaged(`column ${name} lies in the wrong place`);
    end = at + length;
    if (end > area.length) throw damaged(`column ${name} ends outside`);
    views.set(name, { type, bytes: area.subarray(at, end) });
  }
  if (end !== area.length) throw damaged('bytes are left over');
  return views;
}

/** Takes the known columns out of the directory, checks every cell, and leaves the rest as extra columns. */
class BatchReader {
  readonly #rows: number;
  readonly #views: Map<string, ExtraColumn>;

  constructor(rows: number, views: Map<string, ExtraColumn>) {
    this.#rows = rows;
    this.#views = views;
  }

  read(): Batch {
    const rows = this.#rows;
    const strings = this.#strings();
    const symbols = strings.starts.length - 1;
    const origins = this.#origins();
    const columns = {
      rows,
      receivedMs: stamps(this.#f64('receivedMs', rows)),
      eventMs: stamps(this.#f64('eventMs', rows)),
      kind: below(this.#u8('kind', rows), FACETS.length, 'kind'),
      trust: below(this.#u8('trust', rows), Object.keys(TRUST).length, 'trust'),
      flags: this.#u16('flags', rows),
      source: below(this.#u32('source', rows), symbols, 'source'),
      origin: below(this.#u32('origin', rows), Math.max(1, origins.length), 'origin'),
      originOffset: this.#u32('originOffset', rows),
      originLength: this.#u32('originLength', rows),
      originLine: this.#u32('originLine', rows),
      numbers: NUMBERS.map((name) => (this.#views.has(name) ? bounded(this.#f64(name, rows), name) : undefined)),
      symbols: SYMBOLS.map((name) => (this.#views.has(name) ? below(this.#u32(name, rows), symbols, name) : undefined)),
      ids: IDS.map((name) => this.#id(name)),
      calls: this.#calls(symbols),
      strings,
      origins,
      extra: this.#views,
    };
    return new Batch(columns);
  }

  #strings(): StringTable {
    const bytes = this.#take('strings.bytes', 'u8');
    const starts = this.#u32('strings.starts');
    if (starts.length < 2 || starts.length - 1 > BATCH_STRINGS_MAX) throw damaged('the string table has a wrong size');
    checkStarts(starts, bytes.length, STRING_BYTES_MAX);
    if (starts[1] !== 0) throw damaged('the absent string is not empty');
    return { starts, bytes };
  }

  #origins(): Origin[] {
    const list = parseJson(decodeText(this.#take('origins', 'json')));
    if (!Array.isArray(list) || list.length > BATCH_ORIGINS_MAX) throw damaged('the origins are not a short list');
    return list.map(parseOrigin);
  }

  #id(name: string): IdColumn | undefined {
    if (!this.#views.has(`${name}.starts`)) return undefined;
    const starts = this.#u32(`${name}.starts`, this.#rows + 1);
    const bytes = this.#take(`${name}.bytes`, 'u8');
    checkStarts(starts, bytes.length, ID_BYTES_MAX);
    return { starts, bytes };
  }

  #calls(symbols: number): Calls {
    if (!this.#views.has('calls.start')) return noCalls(this.#rows);
    const start = this.#u32('calls.start', this.#rows + 1);
    const verb = below(this.#u32('calls.verb'), symbols, 'calls.verb');
    const count = verb.length;
    if (count > BATCH_CALLS_MAX) throw damaged('too many calls');
    checkStarts(start, count, CALLS_PER_ROW_MAX);
    const symbol = (name: string) => below(this.#u32Or0(`calls.${name}`, count), symbols, name);
    return {
      start,
      verb,
      resource: symbol('resource'),
      destination: symbol('destination'),
      bytesOut: this.#f64OrNaN('calls.bytesOut', count),
      bytesIn: this.#f64OrNaN('calls.bytesIn', count),
      status: this.#views.has('calls.status') ? this.#u16('calls.status', count) : new Uint16Array(count),
      offsetMs: this.#f32OrNaN('calls.offsetMs', count),
      durationMs: this.#f32OrNaN('calls.durationMs', count),
      spanHi: this.#u32Or0('calls.spanHi', count),
      spanLo: this.#u32Or0('calls.spanLo', count),
    };
  }

  #f64OrNaN(name: string, count: number): Float64Array {
    if (!this.#views.has(name)) return new Float64Array(count).fill(Number.NaN);
    return bounded(this.#f64(name, count), name);
  }

  #f32OrNaN(name: string, count: number): Float32Array {
    if (!this.#views.has(name)) return new Float32Array(count).fill(Number.NaN);
    const bytes = this.#cells(name, { type: 'f32', width: 4, count });
    return bounded(new Float32Array(bytes.buffer, bytes.byteOffset, count), name);
  }

  #u32Or0(name: string, count: number): Uint32Array {
    return this.#views.has(name) ? this.#u32(name, count) : new Uint32Array(count);
  }

  #f64(name: string, count: number): Float64Array {
    const bytes = this.#cells(name, { type: 'f64', width: 8, count });
    return new Float64Array(bytes.buffer, bytes.byteOffset, count);
  }

  #u32(name: string, count?: number): Uint32Array {
    const bytes = this.#cells(name, { type: 'u32', width: 4, count });
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }

  #u16(name: string, count: number): Uint16Array {
    const bytes = this.#cells(name, { type: 'u16', width: 2, count });
    return new Uint16Array(bytes.buffer, bytes.byteOffset, count);
  }

  #u8(name: string, count: number): Uint8Array {
    return this.#cells(name, { type: 'u8', width: 1, count });
  }

  /** Takes a column of cells of a width; `count` undefined means as many as there are. */
  #cells(name: string, cell: { type: string; width: number; count: number | undefined }): Uint8Array {
    const bytes = this.#take(name, cell.type);
    const fits = cell.count === undefined ? bytes.length % cell.width === 0 : bytes.length === cell.count * cell.width;
    if (!fits) throw damaged(`column ${name} has a wrong length`);
    return bytes;
  }

  #take(name: string, type: string): Uint8Array {
    const column = this.#views.get(name);
    if (column === undefined) throw damaged(`column ${name} is missing`);
    if (column.type !== type) throw damaged(`column ${name} has a wrong type`);
    this.#views.delete(name);
    return column.bytes;
  }
}

/** Call lists of a batch without calls. */
function noCalls(rows: number): Calls {
  return {
    start: new Uint32Array(rows + 1),
    verb: new Uint32Array(0),
    resource: new Uint32Array(0),
    destination: new Uint32Array(0),
    bytesOut: new Float64Array(0),
    bytesIn: new Float64Array(0),
    status: new Uint16Array(0),
    offsetMs: new Float32Array(0),
    durationMs: new Float32Array(0),
    spanHi: new Uint32Array(0),
    spanLo: new Uint32Array(0),
  };
}

function parseOrigin(entry: unknown): Origin {
  if (!Array.isArray(entry) || entry.length !== 4) throw damaged('an origin is incomplete');
  const [name, from, to, sha256]: readonly unknown[] = entry;
  if (typeof name !== 'string' || !isCount(from) || !isCount(to)) throw damaged('an origin has a wrong type');
  if (typeof sha256 !== 'string') throw damaged('an origin has no hash');
  return { name, from, to, sha256 };
}

/** Checks that start offsets begin at 0, end at `end`, never go back, and that no item is longer than `itemMax`. */
function checkStarts(starts: Uint32Array, end: number, itemMax: number): void {
  if (starts[0] !== 0 || starts[starts.length - 1] !== end) throw damaged('start offsets do not span their bytes');
  for (let i = 1; i < starts.length; i++) {
    const length = starts[i] - starts[i - 1];
    if (length < 0 || length > itemMax) throw damaged('start offsets are not in order');
  }
}

function below<T extends Uint8Array | Uint32Array>(cells: T, limit: number, name: string): T {
  for (let i = 0; i < cells.length; i++) if (cells[i] >= limit) throw damaged(`${name} is out of range`);
  return cells;
}

/** Refuses infinities; NaN is the absent value. */
function bounded<T extends Float64Array | Float32Array>(cells: T, name: string): T {
  for (let i = 0; i < cells.length; i++) {
    if (cells[i] === Number.POSITIVE_INFINITY || cells[i] === Number.NEGATIVE_INFINITY) {
      throw damaged(`${name} is infinite`);
    }
  }
  return cells;
}

function stamps(cells: Float64Array): Float64Array {
  for (let i = 0; i < cells.length; i++) if (!Number.isFinite(cells[i])) throw damaged('a time is not a number');
  return cells;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('GAIT_BATCH_DAMAGED', 'JSON in it is not valid.', { cause });
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new EngineError('GAIT_BATCH_DAMAGED', 'Text in it is not valid UTF-8.', { cause });
  }
}

/** A plain view of the bytes if they are aligned to 8, else of a copy. (A subclass of Uint8Array may slice otherwise.) */
function aligned(bytes: Uint8Array): Uint8Array {
  if (bytes.byteOffset % 8 !== 0) return Uint8Array.from(bytes);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function align8(offset: number): number {
  return (offset + 7) & ~7;
}

function damaged(detail: string): EngineError {
  return new EngineError('GAIT_BATCH_DAMAGED', `In short: ${detail}.`);
}
