import { type Framing, isSpace, NEWLINE, type Records } from './framing.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Each top-level JSON value is a record: one document, one a line, one after another, pretty-printed or not. Only
 * brackets and strings are followed; whether a record is valid is for its decoder to say. Anything else between documents
 * is a record up to the end of its line, for the decoder to refuse.
 *
 * After damage it finds its way back: a line break within a string ends the record, and so does one within brackets if
 * all documents before stood on one line each and the next line begins like one. When the input ends (or the limit is reached) inside a document whose
 * second line begins like a document, it is read once more, line by line. Cost: about 2 ns a byte.
 */
export class DocumentFraming implements Framing {
  readonly #bytesMax: number;
  /** Next byte to look at. */
  #at = 0;
  #line = 1;
  #depth = 0;
  #inString = false;
  /** Within something that is not a document. */
  #inGarbage = false;
  /** First line of the record at hand. */
  #startLine = 1;
  /** Whether each document so far stood on one line; undefined before the first. */
  #oneLine: boolean | undefined;
  /** Within a record that is too large and already counted. */
  #skipping = false;

  constructor(bytesMax = DOCUMENT_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  split(bytes: Buffer, last: boolean, records: Records): number {
    let start = 0;
    for (;;) {
      if (!this.#within) start = this.#toNextRecord(bytes);
      if (!this.#within) break;
      const end = this.#inGarbage ? this.#followGarbage(bytes) : this.#follow(bytes, last);
      if (end >= 0) this.#add(start, end, records);
      else if (this.#isReadBetterAsLines(bytes, start, last)) this.#again(start);
      else if (!last) break;
      else {
        this.#add(start, bytes.length, records);
        this.#leave();
      }
    }
    if (this.#within && !this.#skipping && bytes.length - start > this.#bytesMax) {
      records.tooLarge.push(this.#startLine);
      this.#skipping = true;
    }
    const used = this.#within && !this.#skipping ? start : bytes.length;
    this.#at = Math.max(0, this.#at - used);
    return used;
  }

  get #within(): boolean {
    return this.#inGarbage || this.#depth > 0;
  }

  /** Passes over white space and commas; returns where the next record begins. */
  #toNextRecord(bytes: Buffer): number {
    for (; this.#at < bytes.length; this.#at++) {
      const byte = bytes[this.#at];
      if (byte === NEWLINE) this.#line++;
      if (isSpace(byte) || byte === COMMA) continue;
      this.#startLine = this.#line;
      this.#inGarbage = byte !== OPEN_OBJECT && byte !== OPEN_ARRAY;
      if (!this.#inGarbage) {
        this.#depth = 1;
        return this.#at++;
      }
      return this.#at;
    }
    return this.#at;
  }

  /** Follows a document; returns where it ends, or -1 when it goes on beyond these bytes. */
  #follow(bytes: Buffer, last: boolean): number {
    const { length } = bytes;
    let at = this.#at;
    let depth = this.#depth;
    let inString = this.#inString;
    let end = -1;
    while (at < length && end < 0) {
      const byte = bytes[at++];
      if (byte === NEWLINE) {
        const decides = !inString && this.#oneLine === true;
        if (decides && at === length && !last) {
          // What follows is not here yet: the line break is looked at again.
          at--;
          break;
        }
        this.#line++;
        if (inString || (decides && (at === length || bytes[at] === OPEN_OBJECT))) end = at - 1;
      } else if (inString) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --depth === 0) end = at;
    }
    this.#at = at;
    this.#depth = depth;
    this.#inString = inString;
    if (end < 0) return -1;
    if (depth === 0) this.#oneLine = this.#oneLine !== false && this.#line === this.#startLine;
    this.#leave();
    return end;
  }

  #followGarbage(bytes: Buffer): number {
    const end = bytes.indexOf(NEWLINE, this.#at);
    this.#at = end < 0 ? bytes.length : end;
    if (end >= 0) this.#leave();
    return end;
  }

  #leave(): void {
    this.#depth = 0;
    this.#inString = false;
    this.#inGarbage = false;
  }

  #add(start: number, end: number, records: Records): void {
    if (this.#skipping) this.#skipping = false;
    else if (end - start > this.#bytesMax) records.tooLarge.push(this.#startLine);
    else records.add(start, end, this.#startLine);
  }

  /** True when the first document does not end, but its second line begins like another one. */
  #isReadBetterAsLines(bytes: Buffer, start: number, last: boolean): boolean {
    if (this.#oneLine !== undefined || this.#skipping || this.#inGarbage) return false;
    if (!last && bytes.length - start <= this.#bytesMax) return false;
    const lineEnd = bytes.indexOf(NEWLINE, start);
    return lineEnd >= 0 && bytes[lineEnd + 1] === OPEN_OBJECT;
  }

  #again(start: number): void {
    this.#leave();
    this.#at = start;
    this.#line = this.#startLine;
    this.#oneLine = true;
  }
}
