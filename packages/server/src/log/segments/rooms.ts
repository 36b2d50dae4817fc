import { ROOM_BYTES_MAX, ROOM_BYTES_MIN, ROOMS_KEPT_MAX } from './limits.ts';

/** Memory for encoded batches, used again and again: fresh memory would cost as much as filling it. */
export class Rooms {
  readonly #free: ArrayBuffer[] = [];

  /** Memory of so many bytes, with whatever it held before. */
  take(bytes: number): Uint8Array<ArrayBuffer> {
    if (bytes < ROOM_BYTES_MIN || bytes > ROOM_BYTES_MAX) return new Uint8Array(bytes);
    const at = this.#free.findIndex((memory) => memory.byteLength >= bytes);
    const memory = at === -1 ? new ArrayBuffer(roomFor(bytes)) : this.#free.splice(at, 1)[0];
    return new Uint8Array(memory, 0, bytes);
  }

  /** Gives memory back that nobody uses any more. */
  give(memory: ArrayBuffer): void {
    if (memory.byteLength < ROOM_BYTES_MIN || memory.byteLength > ROOM_BYTES_MAX) return;
    this.#free.push(memory);
    // The one that nobody wanted for longest: batches have grown since.
    if (this.#free.length > ROOMS_KEPT_MAX) this.#free.shift();
  }
}

/** A power of two, so that the next batch of about the same size fits. */
function roomFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(bytes));
}
