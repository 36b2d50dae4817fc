import { CALL_NAMES, CALL_NUMBERS } from '@gait/engine/event/batch-builder';
import { WIRE_VERSION } from '@gait/sensor/wire';
import type { RejectReason } from '../decoder.ts';
import { isObject, type JsonObject, own, parseJson } from '../json-document.ts';
import { CALL_TEXTS, type Draft, KEY_OF_SLOT, SLOT } from './draft.ts';

/** Why a record was refused. */
export interface Refusal {
  readonly reason: RejectReason;
  readonly detail: string;
}

const encoder = new TextEncoder();
const ascii = new TextDecoder('latin1');
const QUOTE = 0x22;
/** JSON that is neither text nor made of parts. */
const SCALAR = /^(?:null|true|false|-?\d[\d.eE+-]*)$/;
/** Bytes of a number that anybody writes. */
const SCALAR_BYTES_MAX = 64;

/**
 * Reads any record that is valid JSON of this version into a draft: the exact counterpart of the scanner, which only
 * knows the usual spelling. Of repeated keys the last one counts, unknown keys are ignored. Cost about 8 µs a record.
 */
export class Parser {
  readonly #draft: Draft;
  #texts = new Uint8Array(4096);
  #textsEnd = 0;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** Fills the draft from `bytes[start, end)`; undefined when it did. */
  parse(bytes: Uint8Array, start: number, end: number): Refusal | undefined {
    // Lines of something else are frequent in mixed logs, and an exception for each would take 20 µs.
    if (!mayBeJson(bytes, start, end)) return { reason: 'bad-json', detail: 'the record is no JSON object' };
    const parsed = parseJson(bytes, start, end);
    if ('reason' in parsed) return { reason: parsed.reason, detail: 'the record cannot be read' };
    const record = parsed.value;
    if (!isObject(record)) return { reason: 'wrong-type', detail: 'the record is not an object' };
    const version = own(record, 'gait');
    if (version === undefined) return { reason: 'missing-field', detail: 'gait' };
    if (version !== WIRE_VERSION) return { reason: 'unknown-format', detail: 'gait: unknown version of the record' };
    // Every text of the record fits: UTF-8 of a decoded JSON string is never longer than its JSON spelling, except for
    // halves of surrogate pairs, which become three bytes instead of six.
    if (this.#texts.length < end - start) this.#texts = new Uint8Array(end - start);
    this.#textsEnd = 0;
    this.#draft.begin(this.#texts, false);
    return this.#members(record);
  }

  #members(record: JsonObject): Refusal | undefined {
    const draft = this.#draft;
    for (const [slot, key] of KEY_OF_SLOT.entries()) {
      const value = key === undefined ? undefined : own(record, key);
      if (value === undefined) continue;
      draft.claim(slot);
      if (slot === SLOT.calls) {
        const refusal = this.#calls(value);
        if (refusal !== undefined) return refusal;
      } else if (slot >= SLOT.text) {
        if (typeof value !== 'string') return { reason: 'wrong-type', detail: `${key} is not a text` };
        draft.from[slot] = this.#textsEnd;
        draft.to[slot] = this.#text(value);
      } else {
        if (typeof value !== 'number') return { reason: 'wrong-type', detail: `${key} is not a number` };
        // The time is judged for plausibility, not for range.
        if (slot !== SLOT.timeMs && !isAmount(value)) return { reason: 'out-of-range', detail: `${key}` };
        draft.numbers[slot] = value;
      }
    }
    return undefined;
  }

  #calls(value: unknown): Refusal | undefined {
    if (!Array.isArray(value)) return { reason: 'wrong-type', detail: 'c is not a list' };
    for (const call of value) {
      const refusal = this.#call(call);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #call(fields: unknown): Refusal | undefined {
    if (!Array.isArray(fields) || fields.length === 0) {
      return { reason: 'wrong-type', detail: 'a call in c is not a list' };
    }
    const draft = this.#draft;
    const at = draft.addCall();
    for (let i = 0; i < Math.min(fields.length, CALL_NAMES); i++) {
      const text: unknown = fields[i];
      if (typeof text !== 'string') return { reason: 'wrong-type', detail: 'a name of a call in c is not a text' };
      draft.from[CALL_TEXTS + at * CALL_NAMES + i] = this.#textsEnd;
      draft.to[CALL_TEXTS + at * CALL_NAMES + i] = this.#text(text);
    }
    for (let i = 0; i < Math.min(fields.length - CALL_NAMES, CALL_NUMBERS); i++) {
      const value: unknown = fields[CALL_NAMES + i];
      if (value === null) continue;
      if (typeof value !== 'number')
        return { reason: 'wrong-type', detail: 'an amount of a call in c is not a number' };
      if (!isAmount(value)) return { reason: 'out-of-range', detail: 'an amount of a call in c' };
      draft.callNumbers[at * CALL_NUMBERS + i] = value;
    }
    return undefined;
  }

  /** Appends a text to the buffer; returns its end. */
  #text(text: string): number {
    this.#textsEnd += encoder.encodeInto(text, this.#texts.subarray(this.#textsEnd)).written;
    return this.#textsEnd;
  }
}

/**
 * False for what cannot be JSON: most of it shows in its first byte, or in the last of a text. Numbers and words are JSON
 * too, and no records.
 */
function mayBeJson(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && bytes[at] <= 0x20) at++;
  if (at === end) return false;
  const first = bytes[at];
  // A byte order mark is looked at by the parser.
  if (first === 0x7b || first === 0x5b || first === 0xef) return true;
  if (first === QUOTE) return bytes[end - 1] === QUOTE;
  return end - at <= SCALAR_BYTES_MAX && SCALAR.test(ascii.decode(bytes.subarray(at, end)));
}

function isAmount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
