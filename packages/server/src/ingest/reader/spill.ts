import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch } from '@gait/engine/event/batch';
import { decodeBatch, encodeBatch } from '@gait/engine/event/codec';

/** Where a batch stands in a spill file. */
export interface SpilledBatch {
  readonly at: number;
  readonly length: number;
}

/**
 * Batches on disk for the time of one sort. The file has no name once it is open, so that it goes with the process
 * however that ends (where the system does not allow this, it goes with `close`).
 */
export class SpillFile {
  readonly #file: FileHandle;
  /** Folder that could not be removed yet. */
  readonly #folder: string | undefined;
  #end = 0;
  #closed = false;

  private constructor(file: FileHandle, folder: string | undefined) {
    this.#file = file;
    this.#folder = folder;
  }

  /** Opens an empty file below `folder`, by default the system's folder for temporary files. */
  static async open(folder = tmpdir()): Promise<SpillFile> {
    const own = await mkdtemp(join(folder, 'gait-sort-'));
    const file = await open(join(own, 'batches'), 'wx+', 0o600);
    try {
      await rm(own, { recursive: true });
      return new SpillFile(file, undefined);
    } catch {
      return new SpillFile(file, own);
    }
  }

  /** Appends a batch. One at a time. */
  async write(batch: Batch): Promise<SpilledBatch> {
    const bytes = encodeBatch(batch);
    const at = this.#end;
    let done = 0;
    while (done < bytes.length)
      done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
    this.#end += bytes.length;
    return { at, length: bytes.length };
  }

  async read({ at, length }: SpilledBatch): Promise<Batch> {
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, at + done);
      if (bytesRead === 0) throw new Error('The temporary file of the sort has become shorter.');
      done += bytesRead;
    }
    return decodeBatch(bytes);
  }

  /** Gives the space back. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}
