import { constants, type ZstdOptions, zstdCompressSync } from 'node:zlib';
import { COMPRESSION } from './frame.ts';
import { COMPRESS_BYTES_MIN } from './limits.ts';

const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 };

/** Bytes as they go into a frame. */
export interface Payload {
  readonly compression: number;
  readonly bytes: Uint8Array;
}

/** Compresses an encoded record (zstd level 1, 2 ms a megabyte) unless it is too short to gain by it. */
export function payloadOf(raw: Uint8Array): Payload {
  if (raw.length < COMPRESS_BYTES_MIN) return { compression: COMPRESSION.none, bytes: raw };
  return { compression: COMPRESSION.zstd, bytes: zstdCompressSync(raw, optionsFor(raw)) };
}

/** One output chunk for everything: the default of 16 KiB costs a copy of each. */
function optionsFor(raw: Uint8Array): ZstdOptions {
  return { params: LEVEL, chunkSize: raw.length + 1024 };
}
