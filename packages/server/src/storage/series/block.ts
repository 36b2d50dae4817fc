import { endianness } from 'node:os';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { assert } from '@gait/engine/base/assert';
import type { RowSet } from './kind.ts';

assert(endianness() === 'LE', 'columns are written as the processor holds them, which is little-endian');

/** Bytes a block may inflate to: an hour of a quarter million functions in one journal frame. */
export const BLOCK_BYTES_MAX = 256 * 1024 * 1024;
/** Smaller blocks stay as they are, bytes: starting the compressor costs more than it saves. */
const RAW_BYTES_MAX = 4096;
/** Fastest level: one step higher is a tenth smaller and half as fast. */
const ZSTD_LEVEL = 1;
/** First byte of a block. */
const RAW = 0;
const ZSTD = 1;
/** rows, names, bytes of names, columns: four 32-bit numbers. */
const HEADER_BYTES = 16;

/**
 * Rows as bytes: how they are packed, then, compressed unless they are few, header, ends of the names, names, name of
 * each row, slot of each row, columns.
 */
export function encodeRows(rows: RowSet): Buffer {
  const names = rows.names.map((name) => Buffer.from(name, 'utf8'));
  const ends = new Uint32Array(names.length);
  let end = 0;
  names.forEach((name, at) => {
    end += name.length;
    ends[at] = end;
  });
  const header = Uint32Array.of(rows.name.length, names.length, end, rows.columns.length);
  const parts = [header, ends, ...names, rows.name, rows.slot, ...rows.columns].map(bytesOf);
  const plain = Buffer.concat(parts);
  if (plain.length <= RAW_BYTES_MAX) return Buffer.concat([Uint8Array.of(RAW), plain]);
  const packed = zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } });
  return Buffer.concat([Uint8Array.of(ZSTD), packed]);
}

/** The rows that bytes hold; undefined when they are damaged. */
export function decodeRows(block: Uint8Array): RowSet | undefined {
  const bytes = plainOf(block);
  if (bytes === undefined || bytes.length < HEADER_BYTES) return undefined;
  const [rowCount, nameCount, nameBytes, columnCount] = new Uint32Array(copyOf(bytes, 0, HEADER_BYTES));
  const namesAt = HEADER_BYTES + nameCount * 4;
  const rowsAt = namesAt + nameBytes;
  const slotsAt = rowsAt + rowCount * 4;
  const columnsAt = slotsAt + rowCount * 2;
  if (bytes.length !== columnsAt + columnCount * rowCount * 8) return undefined;
  const ends = new Uint32Array(copyOf(bytes, HEADER_BYTES, namesAt));
  const names: string[] = [];
  let start = 0;
  for (const end of ends) {
    if (end < start || end > nameBytes) return undefined;
    names.push(bytes.toString('utf8', namesAt + start, namesAt + end));
    start = end;
  }
  const name = new Uint32Array(copyOf(bytes, rowsAt, slotsAt));
  if (name.some((index) => index >= nameCount)) return undefined;
  return {
    names,
    name,
    slot: new Uint16Array(copyOf(bytes, slotsAt, columnsAt)),
    columns: Array.from({ length: columnCount }, (_, at) => {
      const from = columnsAt + at * rowCount * 8;
      return new Float64Array(copyOf(bytes, from, from + rowCount * 8));
    }),
  };
}

function plainOf(block: Uint8Array): Buffer | undefined {
  const packed = block.subarray(1);
  if (block[0] === RAW) return Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  if (block[0] !== ZSTD) return undefined;
  try {
    return zstdDecompressSync(packed, { maxOutputLength: BLOCK_BYTES_MAX });
  } catch {
    return undefined;
  }
}

function bytesOf(view: Uint8Array | Uint16Array | Uint32Array | Float64Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** A copy starts at an even address, as wider columns need. */
function copyOf(bytes: Uint8Array, start: number, end: number): ArrayBuffer {
  const copy = new ArrayBuffer(end - start);
  new Uint8Array(copy).set(bytes.subarray(start, end));
  return copy;
}
