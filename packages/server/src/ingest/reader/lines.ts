import { type Framing, isSpace, NEWLINE, type Records } from './framing.ts';
import { LINE_BYTES_MAX } from './limits.ts';

/** Each line is a record. Line ends are LF or CR LF; blank lines are passed over. Longer lines are skipped unread. */
export class LineFraming implements Framing {
  readonly #bytesMax: number;
  #line = 1;
  /** Inside a line that is too long and already counted. */
  #skipping = false;

  constructor(bytesMax = LINE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  split(bytes: Buffer, last: boolean, records: Records): number {
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#add(bytes, [start, end], records);
      this.#line++;
      start = end + 1;
    }
    if (last) {
      this.#add(bytes, [start, bytes.length], records);
      return bytes.length;
    }
    if (!this.#skipping && bytes.length - start <= this.#bytesMax) return start;
    if (!this.#skipping) records.tooLarge.push(this.#line);
    this.#skipping = true;
    return bytes.length;
  }

  #add(bytes: Buffer, [start, end]: readonly [number, number], records: Records): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    if (end - start > this.#bytesMax) {
      records.tooLarge.push(this.#line);
      return;
    }
    let from = start;
    let to = end;
    while (from < to && isSpace(bytes[to - 1])) to--;
    while (from < to && isSpace(bytes[from])) from++;
    if (from < to) records.add(from, to, this.#line);
  }
}
