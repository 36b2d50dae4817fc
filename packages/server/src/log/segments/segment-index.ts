import { SEGMENT_HEADER_BYTES } from './frame.ts';
import { INDEX_EVERY_BYTES } from './limits.ts';

/** Where some of the frames of a segment begin, one every `INDEX_EVERY_BYTES`: at most a thousand entries. */
export class SegmentIndex {
  readonly #ordinals: number[] = [];
  readonly #offsets: number[] = [];

  /** Notes a frame; call in order. */
  add(ordinal: number, offset: number): void {
    const last = this.#offsets.at(-1) ?? SEGMENT_HEADER_BYTES;
    if (offset - last < INDEX_EVERY_BYTES) return;
    this.#ordinals.push(ordinal);
    this.#offsets.push(offset);
  }

  /** Offset of a frame at or before the first record from `ordinal` on, ticks before it included. */
  before(ordinal: number): number {
    let low = 0;
    let high = this.#ordinals.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ordinals[middle] < ordinal) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? SEGMENT_HEADER_BYTES : this.#offsets[low - 1];
  }
}
