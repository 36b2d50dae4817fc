import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TMP_ENTRIES_MAX, TMP_READ_EVERY_LOOKS } from '../limits.ts';

/**
 * Bytes in use in the folder for temporary files, as growth since the sandbox began. Where the folder has a file system of
 * its own, as in Lambda, one question to it answers (2 µs); elsewhere files are added up, two levels deep and up to 256
 * entries, when the folder has changed and with every sixteenth look.
 */
export class TemporaryFiles {
  readonly #folder: string;
  readonly #hasOwnSystem: boolean;
  readonly #atStart: number;
  #changedMs = Number.NaN;
  #last = 0;
  #looks = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#hasOwnSystem = isMount(folder);
    this.#atStart = this.#used();
  }

  /** NaN when the folder cannot be read. */
  bytes(): number {
    return Math.max(0, this.#used() - this.#atStart);
  }

  #used(): number {
    try {
      if (!this.#hasOwnSystem) return this.#added();
      const { blocks, bfree, bsize } = statfsSync(this.#folder);
      return (blocks - bfree) * bsize;
    } catch {
      return Number.NaN;
    }
  }

  /** A folder's time changes with its entries, not with their contents: so it is read anew now and then all the same. */
  #added(): number {
    const { mtimeMs } = statSync(this.#folder);
    if (mtimeMs === this.#changedMs && ++this.#looks % TMP_READ_EVERY_LOOKS !== 0) return this.#last;
    this.#changedMs = mtimeMs;
    this.#last = sizesBelow(this.#folder, 2, { entries: TMP_ENTRIES_MAX });
    return this.#last;
  }
}

function isMount(folder: string): boolean {
  try {
    return statSync(folder).dev !== statSync(join(folder, '..')).dev;
  } catch {
    return false;
  }
}

function sizesBelow(folder: string, levels: number, left: { entries: number }): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (left.entries-- <= 0) break;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += levels > 1 ? sizesBelow(path, levels - 1, left) : 0;
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}
