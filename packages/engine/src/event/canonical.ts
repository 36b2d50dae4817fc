import type { Batch, Origin } from './batch.ts';
import { controlText } from './control.ts';
import type { Control } from './record.ts';
import { FACETS, IDS, NUMBERS, SYMBOLS } from './schema.ts';

/**
 * The canonical text of one observation: a JSON object in one line without white space, keys in a fixed order (stamps,
 * then fields in schema order, then calls and origin), absent fields left out, text instead of symbols. Leaves of the
 * Merkle tree are hashes of it and evidence exports consist of it. Adding columns never changes the text of a row that
 * does not have them. For many rows of one batch use `CanonicalRows`.
 */
export function canonicalRow(batch: Batch, row: number, ordinal: number): string {
  return new CanonicalRows(batch).text(row, ordinal);
}

/** The canonical text of one control record; form as in `canonicalRow`. */
export function canonicalControl(control: Control, ordinal: number, receivedMs: number): string {
  return `{"ordinal":${ordinal},"type":"control","receivedMs":${receivedMs},"control":${controlText(control)}}`;
}

/** Canonical texts of the rows of one batch; quotes each string of the batch once. Cost about 2 µs a row. */
export class CanonicalRows {
  readonly #batch: Batch;
  readonly #quoted: (string | undefined)[] = [];
  readonly #origins: readonly string[];
  readonly #numbers: readonly (readonly [string, Float64Array])[];
  readonly #symbols: readonly (readonly [string, Uint32Array])[];

  constructor(batch: Batch) {
    this.#batch = batch;
    this.#origins = batch.columns.origins.map(originText);
    this.#numbers = present(NUMBERS, batch.columns.numbers);
    this.#symbols = present(SYMBOLS, batch.columns.symbols);
  }

  /** Text of a row that has this ordinal. */
  text(row: number, ordinal: number): string {
    const { receivedMs, eventMs, kind, trust, flags, source } = this.#batch.columns;
    let text = `{"ordinal":${ordinal},"type":"observation","receivedMs":${receivedMs[row]},"eventMs":${eventMs[row]}`;
    text += `,"kind":"${FACETS[kind[row]]}","trust":${trust[row]},"flags":${flags[row]}`;
    if (source[row] !== 0) text += `,"source":${this.#quote(source[row])}`;
    for (const [key, column] of this.#numbers) {
      const value = column[row];
      if (!Number.isNaN(value)) text += `${key}${value}`;
    }
    for (const [key, column] of this.#symbols) {
      if (column[row] !== 0) text += key + this.#quote(column[row]);
    }
    return `${text}${this.#ids(row)}${this.#calls(row)}${this.#locator(row)}}`;
  }

  #ids(row: number): string {
    let text = '';
    for (const [at, name] of IDS.entries()) {
      if (this.#batch.columns.ids[at] === undefined) continue;
      const id = this.#batch.idText(row, name);
      if (id !== '') text += `,"${name}":${JSON.stringify(id)}`;
    }
    return text;
  }

  #calls(row: number): string {
    const { start } = this.#batch.columns.calls;
    const end = start[row + 1];
    if (start[row] === end) return '';
    let text = '';
    for (let at = start[row]; at < end; at++) text += `${text === '' ? '' : ','}${this.#call(at)}`;
    return `,"calls":[${text}]`;
  }

  #call(at: number): string {
    const calls = this.#batch.columns.calls;
    let text = `{"verb":${this.#quote(calls.verb[at])}`;
    if (calls.resource[at] !== 0) text += `,"resource":${this.#quote(calls.resource[at])}`;
    if (calls.destination[at] !== 0) text += `,"destination":${this.#quote(calls.destination[at])}`;
    if (!Number.isNaN(calls.bytesOut[at])) text += `,"bytesOut":${calls.bytesOut[at]}`;
    if (!Number.isNaN(calls.bytesIn[at])) text += `,"bytesIn":${calls.bytesIn[at]}`;
    if (calls.status[at] !== 0) text += `,"status":${calls.status[at]}`;
    if (!Number.isNaN(calls.offsetMs[at])) text += `,"offsetMs":${calls.offsetMs[at]}`;
    if (!Number.isNaN(calls.durationMs[at])) text += `,"durationMs":${calls.durationMs[at]}`;
    if ((calls.spanHi[at] | calls.spanLo[at]) !== 0) {
      text += `,"spanId":"${hex32(calls.spanHi[at])}${hex32(calls.spanLo[at])}"`;
    }
    return `${text}}`;
  }

  #locator(row: number): string {
    const { origin, originOffset, originLength, originLine } = this.#batch.columns;
    const piece = this.#origins[origin[row]];
    if (piece === undefined) return '';
    return `,"origin":{${piece},"offset":${originOffset[row]},"length":${originLength[row]},"line":${originLine[row]}}`;
  }

  #quote(symbol: number): string {
    const known = this.#quoted[symbol];
    if (known !== undefined) return known;
    const quoted = JSON.stringify(this.#batch.text(symbol));
    this.#quoted[symbol] = quoted;
    return quoted;
  }
}

/** The columns that the batch has, each with its key as it stands in the text. */
function present<T>(names: readonly string[], columns: readonly (T | undefined)[]): (readonly [string, T])[] {
  const found: (readonly [string, T])[] = [];
  for (const [at, name] of names.entries()) {
    const column = columns[at];
    if (column !== undefined) found.push([`,"${name}":`, column]);
  }
  return found;
}

function originText({ name, from, to, sha256 }: Origin): string {
  return `"name":${JSON.stringify(name)},"from":${from},"to":${to},"sha256":${JSON.stringify(sha256)}`;
}

function hex32(word: number): string {
  return word.toString(16).padStart(8, '0');
}
