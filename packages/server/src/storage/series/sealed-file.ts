import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { Fields } from '../parse.ts';
import { decodeRows, encodeRows } from './block.ts';
import type { RowSet, SeriesKind } from './kind.ts';
import { sliceRows } from './merge.ts';

/** Rows of one file: an hour of 70,000 functions that never rest. More are cut off. */
export const FILE_ROWS_MAX = 4_194_304;

const MAGIC = Buffer.from('GAITSER1', 'latin1');
/** Length and CRC-32 of the index, and the magic again. */
const TRAILER_BYTES = 16;
/** Rows of one block: a reader that wants one function inflates one or two of these, about 300 KB each. */
export const BLOCK_ROWS_MAX = 4096;
/** Bytes of an index: a full file has 1,024 blocks with two names of at most 512 bytes each. */
const INDEX_BYTES_MAX = 4 * 1024 * 1024;
const VERSION = 1;

/** Where a block stands, and the first and last name in it. */
interface BlockEntry {
  readonly first: string;
  readonly last: string;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

/**
 * Writes sorted rows to `path`: beside it, synced if `durable`, then renamed, so that the file is there whole or not at
 * all. Blocks of rows are compressed one by one, with an index of their names at the end. Throws system errors.
 */
export function writeSealed(
  path: string,
  rows: RowSet,
  how: { readonly kind: SeriesKind; readonly durable: boolean },
): void {
  const beside = `${path}.tmp`;
  const file = openSync(beside, 'w', 0o600);
  try {
    let offset = writeAll(file, MAGIC);
    const blocks: BlockEntry[] = [];
    const end = Math.min(rows.name.length, FILE_ROWS_MAX);
    for (let from = 0; from < end; from += BLOCK_ROWS_MAX) {
      const block = sliceRows(rows, from, Math.min(from + BLOCK_ROWS_MAX, end));
      const bytes = encodeRows(block);
      const [first, last] = [block.names[0], block.names[block.names.length - 1]];
      blocks.push({ first, last, offset, length: bytes.length, crc: crc32(bytes) });
      offset += writeAll(file, bytes);
    }
    const table = { version: VERSION, kind: how.kind.name, columns: how.kind.columns, blocks };
    const index = Buffer.from(JSON.stringify(table));
    const trailer = Buffer.alloc(TRAILER_BYTES);
    trailer.writeUInt32LE(index.length, 0);
    trailer.writeUInt32LE(crc32(index), 4);
    MAGIC.copy(trailer, 8);
    writeAll(file, Buffer.concat([index, trailer]));
    if (how.durable) fdatasyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  if (how.durable) syncFolder(dirname(path));
}

/**
 * Rows of all blocks of the file at `path`, or of those that may hold `name`. Undefined when the file is damaged or of
 * a newer version. Throws system errors (ENOENT when there is none).
 */
export function readSealed(path: string, name?: string): readonly RowSet[] | undefined {
  const file = openSync(path, 'r');
  try {
    const sets: RowSet[] = [];
    for (const entry of readIndex(file) ?? [undefined]) {
      if (entry === undefined) return undefined;
      if (name !== undefined && (name < entry.first || name > entry.last)) continue;
      const bytes = readAt(file, entry.offset, entry.length);
      const set = crc32(bytes) === entry.crc ? decodeRows(bytes) : undefined;
      if (set === undefined) return undefined;
      sets.push(set);
    }
    return sets;
  } finally {
    closeSync(file);
  }
}

/** Makes additions and removals of files in a folder survive loss of power. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fdatasyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function readIndex(file: number): readonly BlockEntry[] | undefined {
  const { size } = fstatSync(file);
  if (size < MAGIC.length + TRAILER_BYTES) return undefined;
  const trailer = readAt(file, size - TRAILER_BYTES, TRAILER_BYTES);
  const length = trailer.readUInt32LE(0);
  const bodyBytes = size - TRAILER_BYTES - length;
  if (!trailer.subarray(8).equals(MAGIC) || length > INDEX_BYTES_MAX || bodyBytes < MAGIC.length) return undefined;
  const text = readAt(file, bodyBytes, length);
  return crc32(text) === trailer.readUInt32LE(4) ? parseIndex(text.toString('utf8'), bodyBytes) : undefined;
}

function parseIndex(text: string, bodyBytes: number): readonly BlockEntry[] | undefined {
  try {
    const index = Fields.ofText(text, 'index');
    if (index.number('version') > VERSION) return undefined;
    const blocks = index.list('blocks').map((one) => parseEntry(Fields.of(one, 'index.blocks')));
    return blocks.every(({ offset, length }) => offset + length <= bodyBytes) ? blocks : undefined;
  } catch {
    return undefined;
  }
}

function parseEntry(row: Fields): BlockEntry {
  return {
    first: row.text('first'),
    last: row.text('last'),
    offset: row.number('offset'),
    length: row.number('length'),
    crc: row.number('crc'),
  };
}

function readAt(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const got = readSync(file, bytes, read, length - read, offset + read);
    if (got === 0) break;
    read += got;
  }
  return bytes.subarray(0, read);
}

function writeAll(file: number, bytes: Uint8Array): number {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
  return written;
}
