import type { Framing, Records } from './framing.ts';
import { DOCUMENT_BYTES_MAX } from './limits.ts';

/** The whole input is one record without lines. */
export class WholeFraming implements Framing {
  readonly #bytesMax: number;
  #skipping = false;

  constructor(bytesMax = DOCUMENT_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  split(bytes: Buffer, last: boolean, records: Records): number {
    if (this.#skipping) return bytes.length;
    if (bytes.length > this.#bytesMax) {
      records.tooLarge.push(0);
      this.#skipping = true;
      return bytes.length;
    }
    if (!last) return 0;
    if (bytes.length > 0) records.add(0, bytes.length, 0);
    return bytes.length;
  }
}
