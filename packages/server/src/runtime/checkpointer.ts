import { randomFill } from 'node:crypto';
import { promisify } from 'node:util';
import { STATE_PIECE_BYTES } from '@gait/engine/base/state';
import type { Engine } from '@gait/engine/engine';
import { saveCheckpoint } from './checkpoint.ts';
import { type FolderError, folderError } from './folder.ts';

/** Pieces beyond those of the last state, for what it has grown since. */
const PIECES_MORE = 8;

const fill = promisify(randomFill);

/**
 * Saves states while the engine goes on stepping. The engine stands still only while its state is copied (about 10 ms for
 * 100 MB) into memory made ready before; compressing and writing happen beside it. One at a time; the copy is in memory
 * until it is written.
 */
export class Checkpointer {
  readonly #folder: string;
  #memory: ArrayBuffer[] = [];
  #preparing: Promise<void> | undefined;
  #ready = false;
  #saving: Promise<void> | undefined;
  #failure: FolderError | undefined;
  /** Size of the last state, in pieces. */
  #pieces = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Whether a state can be taken now: the one before is written and memory is at hand, which is made ready from the first
   * call on. Throws why the one before could not be written.
   */
  ready(engine: Engine): boolean {
    this.#throwIfFailed();
    if (this.#saving !== undefined) return false;
    this.#preparing ??= this.#prepare(Math.max(this.#pieces, engine.functionBytes / STATE_PIECE_BYTES));
    return this.#ready;
  }

  /** Copies the state as it is now, and begins to write it. Not before `settled` or when `ready`. */
  begin(engine: Engine): void {
    const state = { ordinal: engine.ordinal, pieces: engine.snapshotPieces(this.#memory) };
    this.#pieces = state.pieces.length;
    this.#memory = [];
    this.#preparing = undefined;
    this.#ready = false;
    this.#saving = saveCheckpoint(this.#folder, state)
      .catch((cause: unknown) => {
        this.#failure = folderError(this.#folder, cause);
      })
      .finally(() => {
        this.#saving = undefined;
      });
  }

  /** Resolves when nothing is being written any more. Throws why it could not be written. */
  async settled(): Promise<void> {
    await this.#preparing;
    await this.#saving;
    this.#throwIfFailed();
  }

  /** Another thread writes to the memory, as its first use costs more than the copy: the pages have to be found. */
  async #prepare(pieces: number): Promise<void> {
    for (let left = Math.ceil(pieces) + PIECES_MORE; left > 0; left--) {
      const memory = new ArrayBuffer(STATE_PIECE_BYTES);
      await fill(new Uint8Array(memory));
      this.#memory.push(memory);
    }
    this.#ready = true;
  }

  #throwIfFailed(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
