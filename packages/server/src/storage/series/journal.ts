import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { decodeRows, encodeRows } from './block.ts';
import type { RowSet } from './kind.ts';

const MAGIC = Buffer.from('GAITSEJ1', 'latin1');
/** Length and CRC-32 of what follows. */
const FRAME_HEADER_BYTES = 8;

/** What a journal holds up to its first damaged byte. */
export interface JournalContent {
  readonly sets: readonly RowSet[];
  readonly rows: number;
  /** Length of the sound part, bytes. */
  readonly soundBytes: number;
}

/**
 * The rows of the file that is being written, one frame a roll-up, in order of arrival. An append is handed to the
 * operating system at once (survives the death of the process) and on disk after `sync`. A torn last frame is cut off
 * at the next opening.
 */
export class Journal {
  /** Rows in it, repeated ones counted each time. */
  rows: number;
  readonly #file: number;
  #bytes: number;
  #unsynced = false;

  private constructor(file: number, content: JournalContent) {
    this.#file = file;
    this.rows = content.rows;
    this.#bytes = content.soundBytes;
  }

  /** Opens or makes the journal at `path`. Throws system errors. */
  static open(path: string): Journal {
    const file = openSync(path, 'a+', 0o600);
    try {
      const content = readJournal(readFileSync(file));
      ftruncateSync(file, content.soundBytes);
      const journal = new Journal(file, content);
      if (content.soundBytes === 0) journal.#write(MAGIC);
      return journal;
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Appends a frame or nothing. Throws system errors. */
  append(rows: RowSet): void {
    const payload = encodeRows(rows);
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    header.writeUInt32LE(payload.length, 0);
    header.writeUInt32LE(crc32(payload), 4);
    this.#write(Buffer.concat([header, payload]));
    this.rows += rows.name.length;
  }

  /** Makes the appended frames survive loss of power. Throws system errors. */
  sync(): void {
    if (!this.#unsynced) return;
    fdatasyncSync(this.#file);
    this.#unsynced = false;
  }

  close(): void {
    closeSync(this.#file);
  }

  #write(bytes: Uint8Array): void {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#file, bytes, written);
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    this.#bytes += written;
    this.#unsynced = true;
  }
}

/** Reads the bytes of a journal, tolerating a torn end. */
export function readJournal(bytes: Buffer): JournalContent {
  const sets: RowSet[] = [];
  let rows = 0;
  let at = 0;
  if (bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    at = MAGIC.length;
    while (at + FRAME_HEADER_BYTES <= bytes.length) {
      const start = at + FRAME_HEADER_BYTES;
      const end = start + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      const payload = bytes.subarray(start, end);
      const set = crc32(payload) === bytes.readUInt32LE(at + 4) ? decodeRows(payload) : undefined;
      if (set === undefined) break;
      sets.push(set);
      rows += set.name.length;
      at = end;
    }
  }
  return { sets, rows, soundBytes: at };
}
