import { promisify } from 'node:util';
import { constants, type ZstdOptions, zstdCompress, zstdCompressSync } from 'node:zlib';
import { COMPRESSION } from './frame.ts';
import { COMPRESS_ASIDE_BYTES_MIN, COMPRESS_BYTES_MIN, COMPRESSIONS_MAX } from './limits.ts';

const zstdCompressAside = promisify(zstdCompress);
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 };

/** Bytes as they go into a frame. */
export interface Payload {
  readonly compression: number;
  readonly bytes: Uint8Array;
  readonly rawBytes: number;
}

/** Compresses payloads (zstd level 1), large ones on another thread and only a few at a time. */
export class Compressor {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  compress(raw: Uint8Array): Payload | Promise<Payload> {
    if (raw.length < COMPRESS_BYTES_MIN) return { compression: COMPRESSION.none, bytes: raw, rawBytes: raw.length };
    if (raw.length >= COMPRESS_ASIDE_BYTES_MIN) return this.#aside(raw);
    return { compression: COMPRESSION.zstd, bytes: zstdCompressSync(raw, optionsFor(raw)), rawBytes: raw.length };
  }

  async #aside(raw: Uint8Array): Promise<Payload> {
    if (this.#running === COMPRESSIONS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
    try {
      return {
        compression: COMPRESSION.zstd,
        bytes: await zstdCompressAside(raw, optionsFor(raw)),
        rawBytes: raw.length,
      };
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** One output chunk for everything: the default of 16 KiB costs a hop between threads for each. */
function optionsFor(raw: Uint8Array): ZstdOptions {
  return { params: LEVEL, chunkSize: raw.length + 1024 };
}
