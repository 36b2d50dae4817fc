import { type KnownName, SLOT_COUNT } from './attribute-names.ts';
import { TEXT_BYTES_MAX } from './limits.ts';
import type { Texts } from './texts.ts';

const ABSENT = 0;
const RANGE = 1;
const TEXT = 2;
const NUMBER = 3;

/** A copy of some attributes: which ones, and their texts one after another as UTF-8, each up to its end. */
export interface Snapshot {
  readonly slots: readonly number[];
  readonly ends: readonly number[];
  readonly bytes: DataView;
}

/**
 * The listed attributes of one record (span, resource, point), whatever encoding they came in. Values are put as they
 * are found; a text given as a range of bytes becomes a string only when somebody asks for it. One object is reused for
 * all records, so nothing is allocated per attribute.
 */
export class Attributes {
  readonly #texts: Texts;
  readonly #form = new Uint8Array(SLOT_COUNT);
  readonly #rank = new Uint8Array(SLOT_COUNT);
  readonly #start = new Uint32Array(SLOT_COUNT);
  readonly #end = new Uint32Array(SLOT_COUNT);
  readonly #number = new Float64Array(SLOT_COUNT);
  readonly #text: string[] = new Array<string>(SLOT_COUNT).fill('');
  /** Slots in use, so that clearing costs what was used. */
  readonly #used = new Uint8Array(SLOT_COUNT);
  #usedCount = 0;

  /** `texts` must be set over the bytes that ranges refer to for as long as they are asked for. */
  constructor(texts: Texts) {
    this.#texts = texts;
  }

  clear(): void {
    for (let at = 0; at < this.#usedCount; at++) this.#form[this.#used[at]] = ABSENT;
    this.#usedCount = 0;
  }

  has(slot: number): boolean {
    return this.#form[slot] !== ABSENT;
  }

  /** Puts the text that stands in the bytes at `[start, end)`, already cut by `textEnd`. */
  putRange(known: KnownName, start: number, end: number): void {
    const { slot } = known;
    if (!this.#take(slot, known.rank)) return;
    this.#form[slot] = RANGE;
    this.#start[slot] = start;
    this.#end[slot] = end;
  }

  putText(known: KnownName, text: string): void {
    if (this.#take(known.slot, known.rank)) this.#setText(known.slot, cutText(text));
  }

  /** Puts a number, or a truth value as 0 or 1. */
  putNumber(known: KnownName, value: number): void {
    if (this.#take(known.slot, known.rank)) this.#setNumber(known.slot, value);
  }

  /** The value as text: numbers in decimal, '' when absent. */
  text(slot: number): string {
    const form = this.#form[slot];
    if (form === ABSENT) return '';
    if (form === RANGE) {
      this.#text[slot] = this.#texts.at(this.#start[slot], this.#end[slot]);
      this.#form[slot] = TEXT;
    } else if (form === NUMBER) return Number.isFinite(this.#number[slot]) ? String(this.#number[slot]) : '';
    return this.#text[slot];
  }

  /** The value as a number: decimal text is accepted, NaN when absent or anything else. */
  number(slot: number): number {
    const form = this.#form[slot];
    if (form === ABSENT) return Number.NaN;
    if (form === NUMBER) return this.#number[slot];
    const text = this.text(slot);
    return /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  }

  /** The value as an amount: NaN when absent, negative, infinite or absurd. */
  amount(slot: number): number {
    const value = this.number(slot);
    return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
  }

  /** True when the value is true; text counts as emitters without booleans write it. */
  isTrue(slot: number): boolean {
    const form = this.#form[slot];
    if (form === ABSENT) return false;
    return form === NUMBER ? this.#number[slot] === 1 : this.text(slot) === 'true';
  }

  /**
   * Hash of the attributes marked in `of` (by slot), in the order they came. Not secret: what is found by it must be
   * compared with `sameAs`.
   */
  hash(of: Uint8Array): number {
    let hash = 0x811c9dc5;
    for (let at = 0; at < this.#usedCount; at++) {
      const slot = this.#used[at];
      if (of[slot] === 0) continue;
      if (this.#form[slot] === RANGE) hash = this.#texts.mix(this.#start[slot], this.#end[slot], hash ^ slot);
      else {
        const text = this.text(slot);
        hash ^= slot;
        for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
      }
    }
    return hash ^ (hash >>> 15);
  }

  /** Copy of the attributes marked in `of`, for `sameAs`. */
  snapshot(of: Uint8Array): Snapshot {
    const slots: number[] = [];
    const ends: number[] = [];
    let all = '';
    for (let at = 0; at < this.#usedCount; at++) {
      const slot = this.#used[at];
      if (of[slot] === 0) continue;
      all += this.text(slot);
      slots.push(slot);
      ends.push(Buffer.byteLength(all));
    }
    const bytes = new TextEncoder().encode(all);
    return { slots, ends, bytes: new DataView(bytes.buffer, 0, bytes.length) };
  }

  /** Whether the attributes marked in `of` are those of a snapshot, in the same order. Not ASCII counts as different. */
  sameAs(of: Uint8Array, { slots, ends, bytes }: Snapshot): boolean {
    let next = 0;
    let from = 0;
    for (let at = 0; at < this.#usedCount; at++) {
      const slot = this.#used[at];
      if (of[slot] === 0) continue;
      if (slots[next] !== slot || !this.#isText(slot, bytes, [from, ends[next]])) return false;
      from = ends[next++];
    }
    return next === slots.length;
  }

  #isText(slot: number, bytes: DataView, range: readonly [number, number]): boolean {
    const [from, to] = range;
    if (this.#form[slot] === RANGE) {
      const start = this.#start[slot];
      return this.#end[slot] - start === to - from && this.#texts.equals(start, bytes, range);
    }
    const text = this.text(slot);
    if (text.length !== to - from) return false;
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== bytes.getUint8(from + at)) return false;
    return true;
  }

  /** Takes from `other` the listed slots that are absent here. */
  fillFrom(other: Attributes, slots: readonly number[]): void {
    for (const slot of slots) {
      if (this.#form[slot] !== ABSENT || other.#form[slot] === ABSENT) continue;
      this.#take(slot, 0);
      if (other.#form[slot] === NUMBER) this.#setNumber(slot, other.#number[slot]);
      else this.#setText(slot, other.text(slot));
    }
  }

  #setText(slot: number, text: string): void {
    this.#form[slot] = TEXT;
    this.#text[slot] = text;
  }

  #setNumber(slot: number, value: number): void {
    this.#form[slot] = NUMBER;
    this.#number[slot] = value;
  }

  /** True when the slot is now the caller's: it was free, or held by a name further down the list. */
  #take(slot: number, rank: number): boolean {
    if (this.#form[slot] === ABSENT) this.#used[this.#usedCount++] = slot;
    else if (this.#rank[slot] <= rank) return false;
    this.#rank[slot] = rank;
    return true;
  }
}

/** First `TEXT_BYTES_MAX` bytes of a text, ending at a character. */
function cutText(text: string): string {
  if (text.length * 3 <= TEXT_BYTES_MAX) return text;
  const bytes = Buffer.from(text.slice(0, TEXT_BYTES_MAX));
  return bytes.length <= TEXT_BYTES_MAX && text.length <= TEXT_BYTES_MAX
    ? text
    : bytes.toString('utf8', 0, textEnd(bytes, 0, bytes.length));
}

/** Where the text in `bytes[start, end)` has to end so that it has at most `TEXT_BYTES_MAX` bytes, whole characters. */
export function textEnd(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= TEXT_BYTES_MAX) return end;
  let cut = start + TEXT_BYTES_MAX;
  while (cut > start && (bytes[cut] & 0xc0) === 0x80) cut--;
  return cut;
}
