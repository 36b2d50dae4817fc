import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/**
 * Layout of a segment file, little-endian.
 *
 * Segment header, 80 bytes: `GAITSEG1`, schema (u32), segment number (u32), first ordinal (u64), newest stamp before (f64),
 * SHA-256 of the last frame of the segment before (32), zeros (12), CRC-32 of the bytes before (u32).
 *
 * Frame: `GFR1`, payload bytes (u32), CRC-32 of everything after it (u32), record type (u8), compression (u8), 0 (u16),
 * first ordinal (u64), ordinals (u32), bytes of this file known to be synced when the frame was written (u32), newest
 * stamp (f64), payload bytes before compression (u32), 0 (u32), SHA-256 of the frame before (32), payload.
 *
 * The chain of frame hashes makes removed, repeated and exchanged frames visible. The synced bytes tell a torn tail from
 * damage: a frame may only be cut if no later frame says that it had been synced.
 */
export const SEGMENT_HEADER_BYTES = 80;
export const FRAME_HEADER_BYTES = 80;
export const HASH_BYTES = 32;
export const NO_HASH: Buffer = Buffer.alloc(HASH_BYTES);

/** Kind of the record in a frame. */
export const FRAME_TYPE = { observation: 1, control: 2, tick: 3 } as const;
/** How the payload of a frame is stored. */
export const COMPRESSION = { none: 0, zstd: 1 } as const;

/** First bytes of every frame. */
export const FRAME_MAGIC: Buffer = Buffer.from('GFR1');
const SEGMENT_MAGIC = Buffer.from('GAITSEG1');
const SEGMENT_CRC_AT = SEGMENT_HEADER_BYTES - 4;
const CRC_FROM = 12;

/** First bytes of a segment. */
export interface SegmentHeader {
  readonly schema: number;
  readonly segment: number;
  readonly first: number;
  /** Newest stamp of the segments before. */
  readonly lastMs: number;
  /** SHA-256 of the last frame of the segment before; zeros for the first. */
  readonly previous: Buffer;
}

/** Builds a segment header, check sum included. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const out = Buffer.alloc(SEGMENT_HEADER_BYTES);
  SEGMENT_MAGIC.copy(out);
  out.writeUInt32LE(header.schema, 8);
  out.writeUInt32LE(header.segment, 12);
  out.writeBigUInt64LE(BigInt(header.first), 16);
  out.writeDoubleLE(header.lastMs, 24);
  header.previous.copy(out, 32);
  out.writeUInt32LE(crc32(out.subarray(0, SEGMENT_CRC_AT)), SEGMENT_CRC_AT);
  return out;
}

/** Reads a segment header; a text says what is wrong with it. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | string {
  if (bytes.length < SEGMENT_HEADER_BYTES) return 'the segment ends in its header';
  if (!bytes.subarray(0, 8).equals(SEGMENT_MAGIC)) return 'the file does not begin like a segment';
  if (bytes.readUInt32LE(SEGMENT_CRC_AT) !== crc32(bytes.subarray(0, SEGMENT_CRC_AT)))
    return 'the segment header fails its check sum';
  const first = Number(bytes.readBigUInt64LE(16));
  const lastMs = bytes.readDoubleLE(24);
  if (!Number.isSafeInteger(first) || !Number.isFinite(lastMs)) return 'the segment header has impossible numbers';
  return {
    schema: bytes.readUInt32LE(8),
    segment: bytes.readUInt32LE(12),
    first,
    lastMs,
    previous: Buffer.from(bytes.subarray(32, 32 + HASH_BYTES)),
  };
}

/** What the header of a frame says. */
export interface FrameHeader {
  readonly payloadBytes: number;
  readonly type: number;
  readonly compression: number;
  /** Ordinal of the first record in it, or of the next record for ticks. */
  readonly ordinal: number;
  readonly count: number;
  /** Bytes of this file that were synced before the frame was written. */
  readonly syncedBytes: number;
  /** Newest stamp up to the end of the frame. */
  readonly lastMs: number;
  readonly rawBytes: number;
  /** SHA-256 of the frame before. */
  readonly previous: Uint8Array;
}

/** A frame that passed its check sum. */
export interface Frame extends FrameHeader {
  /** Where it lies in the file. */
  readonly offset: number;
  readonly end: number;
  /** As stored; valid until the next frame is read. */
  readonly payload: Buffer;
  /** SHA-256 of the whole frame, header included. */
  readonly hash: Buffer;
}

/** Builds the header of a frame around its payload, check sum included. */
export function encodeFrameHeader(header: FrameHeader, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(FRAME_HEADER_BYTES);
  FRAME_MAGIC.copy(out);
  out.writeUInt32LE(payload.length, 4);
  out[12] = header.type;
  out[13] = header.compression;
  out.writeBigUInt64LE(BigInt(header.ordinal), 16);
  out.writeUInt32LE(header.count, 24);
  out.writeUInt32LE(header.syncedBytes, 28);
  out.writeDoubleLE(header.lastMs, 32);
  out.writeUInt32LE(header.rawBytes, 40);
  out.set(header.previous, 48);
  out.writeUInt32LE(crc32(payload, crc32(out.subarray(CRC_FROM))), 8);
  return out;
}

/** Reads the header at the beginning of `bytes` (at least `FRAME_HEADER_BYTES`); undefined if none begins there. */
export function decodeFrameHeader(bytes: Buffer): FrameHeader | undefined {
  if (!bytes.subarray(0, 4).equals(FRAME_MAGIC)) return undefined;
  return {
    payloadBytes: bytes.readUInt32LE(4),
    type: bytes[12],
    compression: bytes[13],
    ordinal: Number(bytes.readBigUInt64LE(16)),
    count: bytes.readUInt32LE(24),
    syncedBytes: bytes.readUInt32LE(28),
    lastMs: bytes.readDoubleLE(32),
    rawBytes: bytes.readUInt32LE(40),
    previous: Buffer.from(bytes.subarray(48, 48 + HASH_BYTES)),
  };
}

/** True if the check sum of a whole frame is right. */
export function frameIntact(frame: Buffer): boolean {
  return frame.readUInt32LE(8) === crc32(frame.subarray(CRC_FROM));
}

/** Hash of a frame given in pieces: the link that the next frame carries. */
export function frameHash(...pieces: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest();
}
