import type { IncomingMessage } from 'node:http';

/** Limits on bodies, in bytes. */
export interface BodyLimits {
  /** Of one request. */
  readonly oneMax: number;
  /** Of all requests that are being answered. */
  readonly allMax: number;
}

/** Reads bodies of requests within a limit for all of them together, so that callers cannot fill the memory. */
export class Bodies {
  readonly #limits: BodyLimits;
  #held = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /**
   * The whole body, to be given back with `release` when it is done with. What is too large, or comes while too much is
   * held, is read to its end and thrown away. With `isKept` false nothing is kept but an empty body.
   */
  async read(message: IncomingMessage, isKept: boolean): Promise<Buffer | 'too-large' | 'busy'> {
    const oneMax = isKept ? this.#limits.oneMax : 0;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let kept = 0;
    let refusal: 'too-large' | 'busy' | undefined;
    try {
      for await (const chunk of message) {
        if (!Buffer.isBuffer(chunk)) continue;
        bytes += chunk.length;
        if (bytes > oneMax) refusal ??= 'too-large';
        else if (this.#held + chunk.length > this.#limits.allMax) refusal ??= 'busy';
        if (refusal === undefined) {
          this.#held += chunk.length;
          kept += chunk.length;
          chunks.push(chunk);
        } else {
          this.#held -= kept;
          kept = 0;
          chunks.length = 0;
        }
      }
    } catch (error) {
      this.#held -= kept;
      throw error;
    }
    return refusal ?? Buffer.concat(chunks, bytes);
  }

  release(body: Buffer): void {
    this.#held -= body.length;
  }
}
