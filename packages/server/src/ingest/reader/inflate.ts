import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import type { RejectReason } from '../decoder.ts';
import { Feed } from './feed.ts';
import {
  INFLATE_CHUNK_BYTES,
  INFLATE_FREE_BYTES,
  INFLATE_LAYERS_MAX,
  INFLATE_RATIO_MAX,
  ZSTD_FRAME_BYTES_MIN,
  ZSTD_FREE_FRAMES,
} from './limits.ts';

/** Why the rest of a compressed input cannot be read. What came before has been handed out, but for the last 64 KiB. */
export class InflateError extends Error {
  override readonly name = 'InflateError';
  readonly reason: RejectReason;
  constructor(reason: RejectReason, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}

/** A stream after the removal of its compressed layers. Closing it closes what it came from. */
export interface Inflated {
  readonly compressed: boolean;
  readonly feed: Feed;
}

type Compression = 'gzip' | 'zstd';

/**
 * Removes up to `INFLATE_LAYERS_MAX` layers of gzip or zstd, told by content; other input passes as it is. Files of
 * several members or frames are read to their end. Memory is a few chunks whatever the input expands to. Throws, now or
 * while the feed is read, an `InflateError` on damage, on a cut, and when the input expands too far.
 */
export async function inflated(source: Feed): Promise<Inflated> {
  let feed = source;
  for (let layer = 0; layer < INFLATE_LAYERS_MAX; layer++) {
    const compression = compressionOf(await feed.head(4));
    if (compression === undefined) return { compressed: layer > 0, feed };
    feed = new Feed(members(feed, compression));
  }
  return { compressed: true, feed };
}

function compressionOf(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  const skippable = (head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return skippable ? 'zstd' : undefined;
}

/** Inflates member after member: the platform's zstd stream stops after the first frame. */
async function* members(feed: Feed, compression: Compression): AsyncGenerator<Uint8Array, void> {
  let out = 0;
  let count = 0;
  try {
    for (let head = await feed.head(4); head.length > 0; head = await feed.head(4)) {
      if (isPadding(head)) {
        await feed.next();
        continue;
      }
      if (compressionOf(head) !== compression) throw damaged(compression, 'something else follows its end');
      if (++count > ZSTD_FREE_FRAMES && feed.taken < count * ZSTD_FRAME_BYTES_MIN) {
        throw new InflateError('inflates-too-far', 'too many frames with hardly anything in them');
      }
      for await (const chunk of member(feed, compression)) {
        out += chunk.length;
        if (out > INFLATE_FREE_BYTES && out > feed.taken * INFLATE_RATIO_MAX) {
          throw new InflateError('inflates-too-far', `more than ${INFLATE_RATIO_MAX} times its compressed size`);
        }
        yield chunk;
      }
    }
  } finally {
    await feed.close();
  }
}

/** Zero bytes after the end, with which some tools fill up blocks. */
function isPadding(head: Uint8Array): boolean {
  return head.every((byte) => byte === 0);
}

async function* member(feed: Feed, compression: Compression): AsyncGenerator<Uint8Array, void> {
  const inflater =
    compression === 'gzip'
      ? createGunzip({ chunkSize: INFLATE_CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: INFLATE_CHUNK_BYTES });
  const pumping = pump(feed, inflater);
  try {
    for await (const chunk of inflater) yield chunk;
    await pumping;
  } catch (error) {
    throw whyDamaged(error, compression);
  } finally {
    inflater.destroy();
    await pumping.catch(() => undefined);
  }
}

/** Feeds the inflater until its member or the input ends, and puts back what it did not use. */
async function pump(feed: Feed, inflater: Gunzip | ZstdDecompress): Promise<void> {
  try {
    for (let chunk = await feed.next(); chunk !== undefined; chunk = await feed.next()) {
      const before = inflater.bytesWritten;
      await written(inflater, chunk);
      const used = inflater.bytesWritten - before;
      if (used < chunk.length) return feed.putBack(chunk.subarray(used));
      if (inflater.destroyed) return;
    }
    inflater.end();
  } catch (error) {
    inflater.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Resolves when the chunk is used up, or when the inflater has ended and will not use the rest. */
function written(inflater: Gunzip | ZstdDecompress, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      inflater.off('end', done);
      inflater.off('close', done);
      resolve();
    };
    inflater.on('end', done);
    inflater.on('close', done);
    inflater.write(chunk, done);
  });
}

function whyDamaged(error: unknown, compression: Compression): unknown {
  if (error instanceof InflateError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR') return new InflateError('truncated', `the ${compression} data ends in the middle`);
  if (code.startsWith('Z_') || code.startsWith('ZSTD_')) return damaged(compression, code, error);
  return error;
}

function damaged(compression: Compression, detail: string, cause?: unknown): InflateError {
  return new InflateError(compression === 'gzip' ? 'bad-gzip' : 'bad-zstd', detail, { cause });
}
