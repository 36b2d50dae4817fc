import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { EngineError } from '@gait/engine/base/errors';
import { decodeRecord } from '@gait/engine/event/codec';
import { type LogRecord, ordinalsOf } from '@gait/engine/event/record';
import {
  COMPRESSION,
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_TYPE,
  type Frame,
  type FrameHeader,
  frameHash,
  frameIntact,
} from './frame.ts';
import { DECOMPRESS_ASIDE_BYTES_MIN, FRAME_BYTES_MAX, SCAN_BYTES } from './limits.ts';

const zstdDecompressAside = promisify(zstdDecompress);

/** A place where no sound frame begins. */
export interface BadFrame {
  readonly problem: string;
  readonly offset: number;
}

/** Tells a bad place from a frame. */
export function isBad(found: Frame | BadFrame): found is BadFrame {
  return 'problem' in found;
}

/** Where a scan begins and ends. */
export interface ScanRange {
  readonly from: number;
  /** Bytes of the file to look at; a frame that ends later is bad. */
  readonly until: number;
  /** Whether to compute the hash of each frame (0.6 ms a megabyte); else `hash` is empty. */
  readonly hashed: boolean;
}

/** The least that zlib accepts as a chunk. */
const MIN_CHUNK_BYTES = 64;
const NOT_HASHED: Buffer = Buffer.alloc(0);

/** Goes through the frames of a segment file one by one, checking each check sum. Does not close the file. */
export class FrameScanner {
  readonly #file: FileHandle;
  readonly #hashed: boolean;
  #buffer: Buffer<ArrayBuffer> = Buffer.alloc(0);
  /** Offset in the file of the first buffered byte, and how many are buffered. */
  #base: number;
  #length = 0;
  #offset: number;
  #until: number;

  constructor(file: FileHandle, range: ScanRange) {
    this.#file = file;
    this.#hashed = range.hashed;
    this.#base = range.from;
    this.#offset = range.from;
    this.#until = range.until;
  }

  /** Offset at which the next frame begins. */
  get offset(): number {
    return this.#offset;
  }

  /** Lets the scan go on to a later end. */
  extend(until: number): void {
    this.#until = until;
  }

  /** The next frame, a bad place (the scan stays there), or undefined at the end. */
  async next(): Promise<Frame | BadFrame | undefined> {
    const offset = this.#offset;
    if (offset === this.#until) return undefined;
    const bad = (problem: string): BadFrame => ({ problem, offset });
    if (!(await this.#load(FRAME_HEADER_BYTES))) return bad('the file ends in the header of a frame');
    const header = decodeFrameHeader(this.#view(FRAME_HEADER_BYTES));
    if (header === undefined) return bad('no frame begins here');
    const problem = headerProblem(header);
    if (problem !== undefined) return bad(problem);
    const size = FRAME_HEADER_BYTES + header.payloadBytes;
    if (!(await this.#load(size))) return bad('the file ends in a frame');
    const whole = this.#view(size);
    if (!frameIntact(whole)) return bad('the frame fails its check sum');
    this.#offset = offset + size;
    const hash = this.#hashed ? frameHash(whole) : NOT_HASHED;
    return { ...header, offset, end: offset + size, payload: whole.subarray(FRAME_HEADER_BYTES), hash };
  }

  #view(size: number): Buffer {
    const start = this.#offset - this.#base;
    return this.#buffer.subarray(start, start + size);
  }

  /** Makes `size` bytes from the current offset available; false if the range ends before. */
  async #load(size: number): Promise<boolean> {
    if (this.#offset + size > this.#until) return false;
    const start = this.#offset - this.#base;
    if (start + size <= this.#length) return true;
    const target = size > this.#buffer.length ? Buffer.allocUnsafe(Math.max(size, SCAN_BYTES)) : this.#buffer;
    const kept = Math.max(0, this.#length - start);
    this.#buffer.copy(target, 0, start, start + kept);
    this.#buffer = target;
    this.#base = this.#offset;
    this.#length = kept;
    while (this.#length < size) {
      const room = Math.min(target.length - this.#length, this.#until - this.#base - this.#length);
      const { bytesRead } = await this.#file.read(target, this.#length, room, this.#base + this.#length);
      if (bytesRead === 0) return false;
      this.#length += bytesRead;
    }
    return true;
  }
}

function headerProblem(header: FrameHeader): string | undefined {
  if (header.payloadBytes > FRAME_BYTES_MAX || header.rawBytes > FRAME_BYTES_MAX)
    return 'the frame claims to be too long';
  if (header.type < FRAME_TYPE.observation || header.type > FRAME_TYPE.tick) return 'the frame has no known type';
  if (header.compression > COMPRESSION.zstd) return 'the frame has no known compression';
  if (!Number.isSafeInteger(header.ordinal) || !Number.isFinite(header.lastMs))
    return 'the frame has impossible numbers';
  return undefined;
}

/**
 * The record in a frame. Throws `EngineError` (`GAIT_BATCH_DAMAGED`, `GAIT_SCHEMA_NEWER`) if the payload is not what the
 * frame says.
 */
export async function recordOf(frame: Frame): Promise<LogRecord> {
  const record = decodeRecord(await payloadOf(frame));
  if (FRAME_TYPE[record.type] !== frame.type || ordinalsOf(record) !== frame.count) {
    throw new EngineError('GAIT_BATCH_DAMAGED', 'The record is not what its frame says.');
  }
  return record;
}

async function payloadOf(frame: Frame): Promise<Uint8Array> {
  if (frame.compression === COMPRESSION.none) return Uint8Array.from(frame.payload);
  const expected = Math.max(1, frame.rawBytes);
  const options = { maxOutputLength: expected, chunkSize: Math.max(MIN_CHUNK_BYTES, expected) };
  let raw: Buffer;
  try {
    const aside = frame.rawBytes >= DECOMPRESS_ASIDE_BYTES_MIN;
    raw = aside ? await zstdDecompressAside(frame.payload, options) : zstdDecompressSync(frame.payload, options);
  } catch (cause) {
    throw new EngineError('GAIT_BATCH_DAMAGED', 'The payload of the frame does not decompress.', { cause });
  }
  if (raw.length !== frame.rawBytes) throw new EngineError('GAIT_BATCH_DAMAGED', 'The payload has another length.');
  return raw;
}
