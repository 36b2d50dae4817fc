import type { IncomingMessage } from 'node:http';
import { Feed } from '../reader/feed.ts';
import { InflateError, inflated } from '../reader/inflate.ts';
import { DISCARDED_BYTES_MAX, DISCARDED_MS_MAX } from './limits.ts';
import { Refusal, SenderGone } from './refusal.ts';

/** How much and how long. */
export interface BodyLimits {
  readonly bodyBytes: number;
  readonly bodiesHeldBytes: number;
  readonly bodyMs: number;
}

type Encoding = 'identity' | 'gzip' | 'zstd';

/** A body that has arrived, still compressed. */
interface Arrived {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly encoding: Encoding;
}

/**
 * Reads bodies within limits: bytes of one before and after inflation, bytes of all that are held, and time. Nothing is
 * kept of a refused body.
 */
export class Bodies {
  readonly #limits: BodyLimits;
  #heldBytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Starts to hold a body; `release` must be called in the end. */
  open(): HeldBody {
    return new HeldBody(this.#limits, (bytes) => this.#hold(bytes));
  }

  #hold(bytes: number): boolean {
    if (bytes > 0 && this.#heldBytes + bytes > this.#limits.bodiesHeldBytes) return false;
    this.#heldBytes += bytes;
    return true;
  }
}

/** The body of one request. */
export class HeldBody {
  readonly #limits: BodyLimits;
  readonly #hold: (bytes: number) => boolean;
  #heldBytes = 0;
  #released = false;

  constructor(limits: BodyLimits, hold: (bytes: number) => boolean) {
    this.#limits = limits;
    this.#hold = hold;
  }

  /**
   * Waits for all of the body. Throws a `Refusal` for an unknown encoding, too many bytes and too much time, and
   * `SenderGone` when the connection ends before the body.
   */
  async arrive(request: IncomingMessage): Promise<Arrived> {
    const encoding = encodingOf(request.headers['content-encoding']);
    const declared = Number(request.headers['content-length'] ?? 0);
    if (declared > this.#limits.bodyBytes) throw this.#tooLarge();
    const { bodyMs } = this.#limits;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Refusal('timed-out', `the body took longer than ${bodyMs} ms`)), bodyMs);
    const arriving = this.#collect(request, encoding);
    arriving.catch(() => undefined);
    try {
      return await Promise.race([arriving, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Inflates what has arrived. Throws a `Refusal` for damage and for what expands too far. */
  async inflate({ chunks, bytes, encoding }: Arrived): Promise<Buffer> {
    if (encoding === 'identity' || bytes === 0) return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, bytes);
    return this.expand(chunks, 'the body is not compressed as its Content-Encoding says');
  }

  /** Inflates gzip or zstd within the same limits; throws a `Refusal` with `otherwise` for what is neither. */
  async expand(chunks: readonly Buffer[], otherwise: string): Promise<Buffer> {
    try {
      const { compressed, feed } = await inflated(new Feed(each(chunks)));
      if (!compressed) throw new Refusal('bad-request', otherwise);
      const parts: Uint8Array[] = [];
      let total = 0;
      try {
        for (let part = await feed.next(); part !== undefined; part = await feed.next()) {
          total += part.length;
          this.#take(part.length, total);
          parts.push(part);
        }
      } finally {
        await feed.close();
      }
      return Buffer.concat(parts, total);
    } catch (error) {
      if (!(error instanceof InflateError)) throw error;
      const code = error.reason === 'inflates-too-far' ? 'too-large' : 'bad-request';
      throw new Refusal(code, `${error.reason}: ${error.message}`, { cause: error });
    }
  }

  /** Gives the memory back. May be called twice. */
  release(): void {
    this.#released = true;
    this.#hold(-this.#heldBytes);
    this.#heldBytes = 0;
  }

  async #collect(request: IncomingMessage, encoding: Encoding): Promise<Arrived> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      // The connection must survive the end of the loop: the answer goes the same way.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        if (this.#released) break;
        bytes += chunk.length;
        this.#take(chunk.length, bytes);
        chunks.push(chunk);
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new SenderGone('the connection ended before the body', { cause: error });
    }
    return { chunks, bytes, encoding };
  }

  #take(bytes: number, total: number): void {
    if (total > this.#limits.bodyBytes) throw this.#tooLarge();
    if (!this.#hold(bytes)) throw new Refusal('not-taken', 'too many bytes at once', { retryAfterMs: 1000 });
    this.#heldBytes += bytes;
  }

  #tooLarge(): Refusal {
    return new Refusal('too-large', `the body has more than ${this.#limits.bodyBytes} bytes`);
  }
}

/** Reads the rest of a refused body, up to a bound, so that its sender gets to read the answer; false if more follows. */
export async function discarded(request: IncomingMessage): Promise<boolean> {
  if (request.complete || request.destroyed) return request.complete;
  let bytes = 0;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), DISCARDED_MS_MAX);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) resolve(false);
  });
  request.once('end', () => resolve(true));
  request.once('close', () => resolve(request.complete));
  request.resume();
  const isComplete = await promise;
  clearTimeout(timer);
  if (!isComplete) request.pause();
  return isComplete;
}

function encodingOf(header: string | undefined): Encoding {
  const name = (header ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'zstd') return 'zstd';
  throw new Refusal('unsupported-type', 'Content-Encoding must be gzip, zstd or identity');
}

async function* each(chunks: readonly Buffer[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}
